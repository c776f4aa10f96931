//! The officials of temporary relief, and each thing they do.

use super::*;

impl Bench {
    pub(super) async fn open(database: Database) -> Self {
        let county = County::new(Faults::None);
        // The ledger of relief already paid: one row, of somebody whose case none of this is.
        let register = county.feed("2026-08", "register");
        let rows = register.columns(["身份证号", "姓名"]);
        let mut rows = rows.iter().rev();
        let [number, name] = rows.find(|[number, _]| number.len() == 18).unwrap();
        let paid = format!(
            "身份证号,姓名,救助编号,救助事由,发放日期,发放金额,是否先行救助\n{number},{name},L1,火灾,2026-08-03,500,否\n"
        );
        let path = county.feeds().join("2026-08/temporary-relief-paid.csv");
        std::fs::write(path, paid).unwrap();
        let setting = crate::county::setting(
            &county.folder.path().join("data"),
            database,
            "2026-09-01T09:00",
        );
        let office = Arc::new(county.received(setting).await);
        let staff = Staff::of(&office, COUNTY).await;
        let bench = Self {
            li: staff.enter("li", "网格员", COUNTY).await,
            wang: staff.enter("wang", "窗口经办", COUNTY).await,
            zhao: staff.enter("zhao", "核对员", COUNTY).await,
            tang: staff.enter("tang", "乡镇审核", COUNTY).await,
            chen: [
                staff.enter("chen", "县级审核", COUNTY).await,
                staff.enter("chen2", "县级审核", COUNTY).await,
                staff.enter("chen3", "县级审核", COUNTY).await,
            ],
            office,
            staff,
            county,
        };
        // So that payees have cards.
        let [one, ..] = &bench.chen;
        pay::take_over(&bench.office, &one.who, month("2026-08"))
            .await
            .unwrap();
        bench
    }

    pub(super) fn at(&self, moment: &str) {
        self.office.clock().set(moment);
    }

    /// Heads of households on the dibao roll, whose cards are known.
    pub(super) async fn homes(&self) -> Vec<(HouseholdId, PersonId)> {
        let roll = self.county.feed("2026-08", "roll");
        let rows = roll.columns(["户编号", "救助类型"]);
        let dibao: std::collections::BTreeSet<&str> = rows
            .into_iter()
            .filter(|[_, kind]| *kind == "低保")
            .map(|[book, _]| book)
            .collect();
        let register = self.county.feed("2026-08", "register");
        let columns = ["身份证号", "姓名", "户号", "与户主关系", "出生日期"];
        let mut out = Vec::new();
        for [number, name, book, relation, birth] in register.columns(columns) {
            let fits = relation == "户主" && number.len() == 18 && birth < "1990";
            if !fits || !dibao.contains(book) || out.len() >= 12 {
                continue;
            }
            let found = casework::people::find(&self.office, &self.wang.who, name, number).await;
            let Ok(Some(person)) = found else { continue };
            let tx = self.office.begin().await.unwrap();
            let today = self.office.clock().today();
            let all = store::households::memberships_on(&tx, &[person], today).await;
            out.extend(
                all.unwrap()
                    .get(&person)
                    .map(|home| (home.household, person)),
            );
        }
        out
    }

    pub(super) async fn apply(
        &self,
        (home, head): (HouseholdId, PersonId),
        said: &[(&str, &str)],
    ) -> CaseNo {
        let tx = self.office.begin().await.unwrap();
        let today = self.office.clock().today();
        let all = store::households::members(&tx, home).await.unwrap();
        drop(tx);
        let now = all.into_iter().filter(|m| m.span.contains(today));
        let members: Vec<(PersonId, Relation)> = now.map(|m| (m.person, m.relation)).collect();
        let declared = said.iter().map(|(fact, value)| Declared {
            person: None,
            fact: (*fact).to_owned(),
            value: (*value).to_owned(),
            period: String::new(),
        });
        let opening = Opening {
            form_key: format!("relief-{home}-{said:?}"),
            cause: Cause::Apply,
            cause_id: None,
            applicant: head,
            helper: None,
            members,
            wanted: vec![Wanted {
                programme: "temporary_relief".to_owned(),
                person: None,
            }],
            declared: declared.collect(),
            papers: Vec::new(),
            going_on: "已核实".to_owned(),
        };
        let opened = casework::open(&self.office, &self.wang.who, &opening).await;
        opened.unwrap().cases[0]
    }

    pub(super) async fn found(
        &self,
        who: &Acting,
        no: CaseNo,
        (fact, value): (&str, &str),
    ) -> Result<i64, CaseError> {
        let finding = Finding {
            person: None,
            fact: fact.to_owned(),
            value: value.to_owned(),
            because: "到现场看过,房屋过火,没有住处".to_owned(),
            evidence: "出警记录和现场照片".to_owned(),
            photo: None,
        };
        recorded::record(&self.office, who, no, &finding).await
    }

    pub(super) async fn done(
        &self,
        who: &Acting,
        no: CaseNo,
        step: &str,
        because: &str,
    ) -> Result<(), CaseError> {
        let mut case = casework::load(&self.office, who, no).await?;
        let mut tx = self.office.begin().await?;
        let completion = Completion {
            step,
            because,
            ..Completion::default()
        };
        casework::complete(&self.office, &mut tx, who, &mut case, completion).await?;
        self.office.end(tx).await
    }

    pub(super) async fn tell(&self, who: &Acting, no: CaseNo, name: &str) {
        let mut case = casework::load(&self.office, who, no).await.unwrap();
        let mut tx = self.office.begin().await.unwrap();
        let holds = (name, Holds::Yes);
        casework::circumstance(&self.office, &mut tx, who, &mut case, holds, "到户看过")
            .await
            .unwrap();
        self.office.end(tx).await.unwrap();
    }

    pub(super) async fn step_of(&self, no: CaseNo) -> String {
        let [one, ..] = &self.chen;
        let case = casework::load(&self.office, &one.who, no).await.unwrap();
        case.standing
            .open
            .map_or_else(String::new, |open| open.name)
    }

    /// Two go to the door and see that the family cannot get by.
    pub(super) async fn visited(&self, no: CaseNo) {
        let (office, who) = (&self.office, &self.wang.who);
        let case = casework::load(office, who, no).await.unwrap();
        let visit = visits::begin(office, who, About::Case(no)).await.unwrap();
        let said = |person, fact: &str| Said {
            person,
            fact: fact.to_owned(),
            value: "是".to_owned(),
            base: 0,
        };
        let members = case.application.content.members.iter();
        let mut all: Vec<Said> = members.map(|(p, _)| said(Some(*p), "共同生活")).collect();
        all.push(said(None, "生活难以维持"));
        visits::save(office, who, visit, &all).await.unwrap();
        let signed = VisitPhoto {
            role: PhotoRole::Signature,
            label: "li",
            name: "",
            said_at: "",
            bytes: SIGNATURE.to_vec(),
        };
        visits::add_photo(office, &self.li.who, visit, signed)
            .await
            .unwrap();
        let ending = Ending {
            other: "li".to_owned(),
            outcome: None,
            because: String::new(),
            not_signed: "不会写字".to_owned(),
        };
        visits::finish(office, who, visit, (&[], &ending))
            .await
            .unwrap();
    }

    pub(super) async fn opine(&self, no: CaseNo) {
        let (office, who) = (&self.office, &self.wang.who);
        let mut case = casework::load(office, who, no).await.unwrap();
        let judged = look_into(office, &case).await.unwrap();
        let proposed = Proposed {
            proposes: Proposal::Grant,
            because: "入户核实,生活难以维持".to_owned(),
        };
        let mut tx = office.begin().await.unwrap();
        opinion::give(office, &mut tx, who, &mut case, (&judged, &proposed))
            .await
            .unwrap();
        office.end(tx).await.unwrap();
    }

    pub(super) async fn signs(&self, who: &Acting, no: CaseNo) -> Result<i64, CaseError> {
        let signing = decision::Signing {
            outcome: DecidedAs::Granted,
            because: String::new(),
            amount: None,
            articles: Vec::new(),
        };
        decision::sign(&self.office, who, no, &signing).await
    }

    pub(super) async fn delivered(&self, no: CaseNo) {
        let (office, who) = (&self.office, &self.wang.who);
        let mut case = casework::load(office, who, no).await.unwrap();
        let mut tx = office.begin().await.unwrap();
        let way = (DeliveryWay::InPerson, "本人".into());
        decision::deliver(office, &mut tx, who, &mut case, way)
            .await
            .unwrap();
        office.end(tx).await.unwrap();
    }

    /// A batch of a kind by three persons to the bank and back; its amount.
    pub(super) async fn paid(&self, kind: &str, of: &str) -> Fen {
        let (office, [one, two, three]) = (&self.office, &self.chen);
        let drawn = pay::prepare(office, &one.who, kind, month(of), |_| {}).await;
        let drawn = drawn.unwrap();
        let batch = drawn.batch;
        // A passbook number without a check digit may be answered for.
        for one in pay::check(office, &two.who, batch).await.unwrap() {
            assert_eq!(one.code, "check_digit", "{one:?}");
            let (no, why) = (one.line_no, "看过存折");
            pay::confirm(office, &three.who, batch, no, &one.code, why)
                .await
                .unwrap();
        }
        let found = pay::check(office, &two.who, batch).await.unwrap();
        assert!(found.is_empty(), "{found:?}");
        assert!(
            pay::approve(office, &two.who, batch).await.is_err(),
            "three persons"
        );
        pay::approve(office, &three.who, batch).await.unwrap();
        pay::seal(office, &three.who, batch).await.unwrap();
        let file = pay::release(office, &three.who, batch, |_| {})
            .await
            .unwrap();
        let book = office::rulebook::read(None).unwrap();
        let bank = book.texts().get("banks/demo.md").unwrap().clone();
        let reply = bank_answer(&bank, &std::fs::read(file).unwrap(), 1, &[]).unwrap();
        let answered = pay::answer(office, &two.who, batch, &reply.name, &reply.bytes).await;
        assert_eq!(answered.unwrap().paid, drawn.lines);
        pay::close(office, &two.who, batch).await.unwrap();
        drawn.amount
    }

    pub(super) async fn waits(&self) -> Vec<pay::PromptRow> {
        let [one, ..] = &self.chen;
        pay::waiting(&self.office, &one.who).await.unwrap()
    }

    pub(super) async fn publish(&self, who: &Acting, no: CaseNo) {
        let mut case = casework::load(&self.office, who, no).await.unwrap();
        let mut tx = self.office.begin().await.unwrap();
        decision::publish(&self.office, &mut tx, who, &mut case)
            .await
            .unwrap();
        self.office.end(tx).await.unwrap();
    }

    pub(super) async fn judged(&self, no: CaseNo) -> RuleResult {
        let [one, ..] = &self.chen;
        let case = casework::load(&self.office, &one.who, no).await.unwrap();
        let judged = look_into(&self.office, &case).await.unwrap();
        println!("{} {:?}", judged.found.verdict, judged.found.amount());
        judged.found.result()
    }
}
