//! 走一遍: every procedure of applying, from the application to its last step, by officials who hold the role
//! each step names and by the acts its 凭 asks for; with the letters it gives, and where money is given with
//! the entitlement and its line in the first month's batch. What nobody could do would stop the walk here.

mod beside;
mod elsewhere;
mod kin;
mod recognised;
mod told;

use crate::county::{County, Faults};
use crate::found_out;
use crate::staff::{Signed, Staff};
use domain::procedure::Ground;
use domain::{CaseNo, HouseholdId, Month, PersonId, Relation};
use kin::UNSUPPORTED;
use office::casework::opinion::{self, Proposed, look_into};
use office::casework::{
    self, Case, CaseError, Cause, Completion, DecidedAs, DeliveryWay, Opening, Paper, PaperState,
    Proposal, Wanted, decision, letters, notice, recorded,
};
use office::channels::assists;
use office::desk::Desk;
use office::disbursement as pay;
use office::monitoring::MonthData;
use office::views::Views;
use office::{Database, Office};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::notices::RuleResult;
use told::{declared, established, parent_of, told_at_the_door};

const COUNTY: &str = "990101";
const JUDGED: &str = "2026-08";
/// So many that some children have nobody.
const PERSONS: u64 = 6_000;
/// Families of a programme that are tried before the walk says that nobody fits.
const TRIED_MAX: usize = 12;

/// One official of every role, two of those who may have to keep away from what they did before.
const OFFICIALS: [(&str, &str); 9] = [
    ("wang", "窗口经办"),
    ("wang2", "窗口经办"),
    ("li", "网格员"),
    ("zhao", "核对员"),
    ("sun", "乡镇审核"),
    ("chen", "县级审核"),
    ("chen2", "县级审核"),
    ("chen3", "县级审核"),
    ("canlian", "部门联络员"),
];

/// How a programme's cases are carried to the end.
struct Walk {
    programme: &'static str,
    /// Whether it is paid month by month.
    paid: bool,
    /// The letter the granted family gets.
    letter: &'static str,
    /// Whether it hangs before the decision.
    hangs: bool,
}

const WALKS: [Walk; 9] = [
    walk("dibao", true, "确认通知书", true),
    walk("single_person_dibao", true, "确认通知书", true),
    walk("tekun", true, "确认通知书", true),
    walk("edge", false, "认定通知书", true),
    walk("rigid_expenditure", false, "认定通知书", false),
    walk("orphan_allowance", true, "儿童认定通知书", false),
    walk("child_unsupported", true, "儿童认定通知书", false),
    walk("disability_living", true, "确认通知书", false),
    walk("disability_care", true, "确认通知书", false),
];

const fn walk(programme: &'static str, paid: bool, letter: &'static str, hangs: bool) -> Walk {
    Walk {
        programme,
        paid,
        letter,
        hangs,
    }
}

fn given(name: String) -> Paper {
    Paper {
        name,
        state: PaperState::Given,
        because: String::new(),
    }
}

struct Bench {
    office: Arc<Office>,
    views: Arc<dyn Views>,
    month: MonthData,
    officials: Vec<(&'static str, Signed)>,
    _county: County,
    staff: Staff,
}

impl Bench {
    async fn open() -> Self {
        Self::on(Database::Sqlite).await
    }

    async fn on(database: Database) -> Self {
        let county = County::of(PERSONS, Faults::None);
        let setting = crate::county::setting(
            &county.folder.path().join("walk"),
            database,
            "2026-09-01T09:00",
        );
        let office = Arc::new(county.judged(setting).await);
        let staff = Staff::of(&office, COUNTY).await;
        let mut officials = Vec::new();
        staff.add_office("demo-cl", "示例县残疾人联合会").await;
        for (login, role) in OFFICIALS {
            let office = match role {
                "部门联络员" => "demo-cl",
                _ => "bureau",
            };
            let one = staff.enter_of(office, (login, role), COUNTY).await;
            officials.push((role, one));
        }
        let views = Desk::open(Arc::clone(&office)).await.unwrap();
        let month = Month::parse(JUDGED).unwrap();
        let month = MonthData::load(&office, month).await.unwrap();
        Self {
            office,
            views,
            month,
            officials,
            _county: county,
            staff,
        }
    }

    /// The first of a role who is not one of some.
    fn one_of(&self, roles: &[String], but: &[&str]) -> &Signed {
        let fits = |(role, one): &&(&str, Signed)| {
            roles.iter().any(|wanted| wanted == role) && !but.contains(&one.who.login())
        };
        let found = self.officials.iter().find(fits);
        let (_, one) = found.unwrap_or_else(|| panic!("nobody of {roles:?} beside {but:?}"));
        one
    }

    fn of(&self, role: &str) -> &Signed {
        self.one_of(&[role.to_owned()], &[])
    }

    async fn load(&self, no: CaseNo) -> Case {
        casework::load(&self.office, &self.of("县级审核").who, no)
            .await
            .unwrap()
    }

    /// Whom the rules of the month find entitled; of a child whose parents' state the files do not tell, whom they
    /// leave open.
    async fn entitled(&self, programme: &str) -> Vec<(Option<PersonId>, HouseholdId)> {
        let judged = &self.month.judged.table(programme).unwrap();
        let verdicts = judged.verdicts().unwrap();
        let all = judged.ids().iter().zip(verdicts.iter());
        let left_behind = programme == UNSUPPORTED;
        let wanted = match parent_of(programme) {
            // Parents live, and no file tells that they cannot care.
            None => Some(!left_behind),
            Some(_) => None,
        };
        let ids = all.filter(|(_, verdict)| *verdict == wanted);
        let ids = ids.map(|(id, _)| *id);
        let (_, plan) = self.month.program.file(programme).unwrap();
        let tx = self.office.begin().await.unwrap();
        let mut found: Vec<(Option<PersonId>, HouseholdId)>;
        match self.month.program.dict.entity_name(plan.entity) {
            "家庭" => found = ids.map(|id| (None, HouseholdId::new(id))).collect(),
            _ => {
                let who: Vec<PersonId> = ids.map(PersonId::new).collect();
                let today = self.office.clock().today();
                let homes = store::households::memberships_on(&tx, &who, today).await;
                let homes = homes.unwrap().into_iter();
                let homes =
                    homes.filter(|(_, m)| !left_behind || m.relation == Relation::Grandchild);
                found = homes.map(|(who, m)| (Some(who), m.household)).collect();
                found.sort_unstable();
            }
        }
        // Some who live here are registered elsewhere, where they apply.
        let homes: Vec<HouseholdId> = found.iter().map(|(_, home)| *home).collect();
        let homes = store::households::get_many(&tx, &homes).await.unwrap();
        let here = homes
            .iter()
            .filter(|home| home.area.full().starts_with(COUNTY));
        let here: BTreeSet<HouseholdId> = here.map(|home| home.id).collect();
        found.retain(|(_, home)| here.contains(home));
        found
    }
}

/// A family whose case of a programme came to its last step.
struct Carried {
    no: CaseNo,
    household: HouseholdId,
    decision: i64,
    steps: Vec<String>,
}

impl Bench {
    async fn members(&self, household: HouseholdId) -> Vec<(PersonId, Relation)> {
        let tx = self.office.begin().await.unwrap();
        let today = self.office.clock().today();
        let all = store::households::members(&tx, household).await.unwrap();
        let now = all.into_iter().filter(|one| one.span.contains(today));
        now.map(|one| (one.person, one.relation)).collect()
    }

    /// The member who applies: who is meant, or a grown-up who stands for a child.
    async fn applicant(
        &self,
        members: &[(PersonId, Relation)],
        meant: Option<PersonId>,
    ) -> PersonId {
        let ids: Vec<PersonId> = members.iter().map(|(person, _)| *person).collect();
        let tx = self.office.begin().await.unwrap();
        let people = store::persons::get_many(&tx, &ids).await.unwrap();
        let today = self.office.clock().today();
        let grown = |person: PersonId| {
            let birth = people.iter().find(|one| one.id == person).unwrap().birth;
            birth.is_some_and(|birth| domain::age_in_years(birth, today) >= 18)
        };
        if let Some(own) = meant.filter(|own| grown(*own)) {
            return own;
        }
        let mut heads = members.iter();
        let head = heads.find(|(person, relation)| *relation == Relation::Head && grown(*person));
        let mut others = members.iter();
        let other = head.or_else(|| others.find(|(person, _)| grown(*person)));
        other.map_or_else(|| meant.unwrap(), |(person, _)| *person)
    }

    /// Takes an application for a programme at the window, with every paper its first step asks for.
    async fn apply(
        &self,
        programme: &str,
        (meant, household): (Option<PersonId>, HouseholdId),
    ) -> Result<CaseNo, CaseError> {
        let mut members = self.members(household).await;
        kin::who_live_together(programme, meant, &mut members);
        let applicant = self.applicant(&members, meant).await;
        let day = self.office.clock().today();
        let procedure = self.office.admission(programme, day).unwrap();
        let papers = procedure.first().unwrap().papers.iter();
        let opening = Opening {
            form_key: format!("{programme}-{meant:?}-{household}"),
            cause: Cause::Apply,
            cause_id: None,
            applicant,
            helper: None,
            members,
            wanted: vec![Wanted {
                programme: programme.to_owned(),
                person: meant,
            }],
            declared: declared(programme, meant),
            papers: papers.cloned().map(given).collect(),
            going_on: "已核实".to_owned(),
        };
        let clerk = &self.of("窗口经办").who;
        let opened = casework::open(&self.office, clerk, &opening).await?;
        let no = opened.cases[0];
        found_out::signed(&self.office, clerk, no).await;
        if let Some(finding) = established(programme, meant) {
            recorded::record(&self.office, clerk, no, &finding).await?;
        }
        Ok(no)
    }

    /// The open step done by somebody whom the procedure names for it, as its 凭 asks; false once it is not
    /// to be done yet: the money has to be in a batch first.
    async fn step(&self, no: CaseNo) -> bool {
        let case = self.load(no).await;
        let step = case.open_step().unwrap().clone();
        let kept = case.standing.kept_from(&case.procedure);
        let kept: Vec<&str> = kept.keys().map(String::as_str).collect();
        let one = self.one_of(&step.who, &kept);
        let who = &one.who;
        let other = match step.persons {
            0 | 1 => None,
            _ => Some(self.one_of(&step.who, &[&kept[..], &[who.login()]].concat())),
        };
        let hangs = case.procedure.notice.as_ref();
        let hangs = hangs.is_some_and(|notice| notice.steps.contains(&step.name));
        let letter = step.gives.iter().find_map(|g| case.procedure.document(g));
        let told = letter.filter(|one| one.fields.iter().any(|field| field == "复议机关"));
        let office = &self.office;
        match step.ground {
            Some(Ground::Verification) => {
                found_out::asked(office, who, no).await;
            }
            Some(Ground::Visit) => {
                let hands = (who, &other.unwrap().who);
                let told = told_at_the_door(&case);
                found_out::visited_and_told(office, hands, no, &told).await;
            }
            Some(Ground::Opinion) => self.opine(who, no).await,
            Some(Ground::Decision) => {
                found_out::checked(office, who, no).await;
                let found = look_into(office, &case).await.unwrap().found;
                let signing = decision::Signing {
                    outcome: match found.result() {
                        RuleResult::Eligible => DecidedAs::Granted,
                        _ => DecidedAs::Refused,
                    },
                    because: String::new(),
                    amount: None,
                    articles: Vec::new(),
                };
                decision::sign(office, who, no, &signing).await.unwrap();
            }
            None if hangs => self.hang(who, no).await,
            None if told.is_some() => self.hand_over(who, no, &told.unwrap().title).await,
            None if step.gives.iter().any(|gives| gives.ends_with("公布名单")) => {
                let mut case = casework::load(office, who, no).await.unwrap();
                let mut tx = office.begin().await.unwrap();
                decision::publish(office, &mut tx, who, &mut case)
                    .await
                    .unwrap();
                office.end(tx).await.unwrap();
            }
            None if step.gives.iter().any(|gives| gives == "发放花名册") => return false,
            None => {
                self.papers(who, no).await;
                self.complete(who, other, no).await;
            }
            Some(Ground::Assist) => self.answered(&self.of("部门联络员").who, no).await,
            Some(other) => panic!("{other:?} at {}", step.name),
        }
        true
    }

    /// What the open step asks for is handed in.
    async fn papers(&self, who: &office::access::Acting, no: CaseNo) {
        let mut case = casework::load(&self.office, who, no).await.unwrap();
        let papers: Vec<Paper> = case.missing().into_iter().map(given).collect();
        if papers.is_empty() {
            return;
        }
        let mut tx = self.office.begin().await.unwrap();
        casework::hand_in(&self.office, &mut tx, who, &mut case, &papers)
            .await
            .unwrap();
        self.office.end(tx).await.unwrap();
    }

    async fn complete(&self, who: &office::access::Acting, other: Option<&Signed>, no: CaseNo) {
        let mut case = casework::load(&self.office, who, no).await.unwrap();
        let step = case.open_step().unwrap().name.clone();
        let others: Vec<String> = other.iter().map(|one| one.who.login().to_owned()).collect();
        let mut tx = self.office.begin().await.unwrap();
        let done = Completion {
            step: &step,
            others: &others,
            ..Completion::default()
        };
        let completed = casework::complete(&self.office, &mut tx, who, &mut case, done).await;
        completed.unwrap_or_else(|why| panic!("{step}: {why}"));
        self.office.end(tx).await.unwrap();
    }

    /// The department sees what is put to it, and only that, and answers; nobody else's list has the case.
    async fn answered(&self, who: &office::access::Acting, no: CaseNo) {
        let office = &self.office;
        let (nobodys, _) = casework::unowned(&self.staff.access, &self.of("县级审核").who)
            .await
            .unwrap();
        assert!(nobodys.items.iter().all(|item| item.case != no));
        let clerk = &self.of("窗口经办").who;
        let own = casework::worklist(&self.staff.access, clerk).await.unwrap();
        assert!(own.items.iter().all(|item| item.case != no));
        assert!(assists::put_to(office, clerk).await.unwrap().is_empty());
        let seen = assists::put_to(office, who).await.unwrap();
        let mut open = seen.iter().filter(|one| one.mine);
        let task = open.next().unwrap();
        assert!(open.next().is_none() && task.case == no.get() && task.about.contains('*'));
        let (outcome, said) = (task.choices[0].as_str(), "系统里在册,类别和等级一致");
        let by_clerk = assists::answer(office, clerk, task.no, (outcome, said)).await;
        assert!(by_clerk.is_err(), "another's to answer");
        assists::answer(office, who, task.no, (outcome, said))
            .await
            .unwrap();
    }

    async fn opine(&self, who: &office::access::Acting, no: CaseNo) {
        let mut case = casework::load(&self.office, who, no).await.unwrap();
        let judged = look_into(&self.office, &case).await.unwrap();
        let proposed = Proposed {
            proposes: match judged.found.result() {
                RuleResult::Eligible => Proposal::Grant,
                _ => Proposal::Refuse,
            },
            because: "入户核对与申报一致".to_owned(),
        };
        let mut tx = self.office.begin().await.unwrap();
        let asked = (&judged, &proposed);
        let given = opinion::give(&self.office, &mut tx, who, &mut case, asked).await;
        given.unwrap_or_else(|why| panic!("{}: {why}", case.row.content.programme));
        self.office.end(tx).await.unwrap();
    }

    /// Posted, and taken as done the day after its last one.
    async fn hang(&self, who: &office::access::Acting, no: CaseNo) {
        let mut case = casework::load(&self.office, who, no).await.unwrap();
        let worked_out = notice::worked_out(&self.office, &case).await.unwrap();
        let mut tx = self.office.begin().await.unwrap();
        let posted = notice::post(&self.office, &mut tx, who, (&case, worked_out))
            .await
            .unwrap();
        self.office.end(tx).await.unwrap();
        let hanging = notice::hanging(&self.office, None).await.unwrap();
        let own = hanging.iter().find(|one| one.no == posted).unwrap();
        assert!(
            own.shown
                .iter()
                .all(|(_, value)| !value.is_empty() && value != "—")
        );
        let after = own.last.add_days(1).unwrap();
        self.office.clock().set(&format!("{after}T09:00"));
        let mut tx = self.office.begin().await.unwrap();
        notice::finish(&self.office, &mut tx, who, &mut case)
            .await
            .unwrap();
        self.office.end(tx).await.unwrap();
    }

    /// The letter is written whole and handed to who applied.
    async fn hand_over(&self, who: &office::access::Acting, no: CaseNo, title: &str) {
        let letter = letters::letter(&self.office, who, no, title).await;
        let letter = letter.unwrap_or_else(|why| panic!("{title}: {why}"));
        assert!(!letter.text.contains("{{"), "{title}");
        let mut case = casework::load(&self.office, who, no).await.unwrap();
        if title == "确认通知书" {
            let parts = letter.text.contains("其中差额 ");
            assert_eq!(parts, case.row.content.programme == "dibao");
        }
        let mut tx = self.office.begin().await.unwrap();
        let to = (DeliveryWay::InPerson, "本人".into());
        decision::deliver(&self.office, &mut tx, who, &mut case, to)
            .await
            .unwrap();
        self.office.end(tx).await.unwrap();
    }

    /// One family's case, carried until the money waits for its batch or the case is closed; none where the
    /// rules do not say 符合 of what was found out.
    async fn carried(
        &self,
        walk: &Walk,
        family: (Option<PersonId>, HouseholdId),
    ) -> Result<Carried, String> {
        self.office.clock().set("2026-09-01T09:00");
        let no = self.apply(walk.programme, family).await;
        let no = no.map_err(|why| why.to_string())?;
        if walk.programme == UNSUPPORTED {
            self.parents(no, &[kin::IN_PRISON, kin::OUT_OF_CONTACT])
                .await;
        }
        let mut steps = Vec::new();
        loop {
            let case = self.load(no).await;
            let Some(step) = case.open_step() else { break };
            if step.ground == Some(Ground::Opinion) {
                let found = look_into(&self.office, &case).await.unwrap().found;
                if found.result() != RuleResult::Eligible {
                    return Err(found.verdict);
                }
                // A supplement that comes to nothing beside other help is not paid.
                if found.pays() && found.amount().is_none_or(|fen| fen.get() <= 0) {
                    return Err(format!("符合 {:?}", found.amount()));
                }
            }
            steps.push(step.name.clone());
            if !self.step(no).await {
                break;
            }
        }
        let tx = self.office.begin().await.unwrap();
        let decided = store::decisions::of_case(&tx, no).await.unwrap();
        Ok(Carried {
            no,
            household: family.1,
            decision: decided.last().unwrap().no,
            steps,
        })
    }

    /// The first family of a programme that the rules would help, carried.
    async fn first(&self, walk: &Walk) -> Carried {
        let mut why = Vec::new();
        for family in self
            .entitled(walk.programme)
            .await
            .into_iter()
            .take(TRIED_MAX)
        {
            match self.carried(walk, family).await {
                Ok(carried) => return carried,
                Err(said) => why.push(said),
            }
        }
        panic!("{}: nobody fits: {why:?}", walk.programme)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_programme_that_is_applied_for_is_carried_to_its_letter_and_first_payment() {
    let bench = Bench::open().await;
    let month = Month::parse(JUDGED).unwrap();
    let chen = &bench.of("县级审核").who;
    pay::take_over(&bench.office, chen, month).await.unwrap();
    let mut paid = Vec::new();
    for walk in &WALKS {
        println!(
            "{}: {} entitled",
            walk.programme,
            bench.entitled(walk.programme).await.len()
        );
        let carried = bench.first(walk).await;
        println!("{}: {}", walk.programme, carried.steps.join(" "));
        let case = bench.load(carried.no).await;
        let tx = bench.office.begin().await.unwrap();
        let decided = store::decisions::find(&tx, carried.decision)
            .await
            .unwrap()
            .unwrap();
        let given = store::decisions::deliveries(&tx, carried.decision)
            .await
            .unwrap();
        drop(tx);
        assert_eq!(decided.content.outcome, DecidedAs::Granted);
        assert_eq!(
            decided.content.amount.is_some(),
            walk.paid,
            "{}",
            walk.programme
        );
        assert_eq!(
            decided.content.notice.is_ok(),
            walk.hangs,
            "{}",
            walk.programme
        );
        assert_eq!(given[0].document, walk.letter);
        match walk.paid {
            true => paid.push((walk, carried)),
            false => {
                assert!(case.standing.closed.is_some());
                let file = bench
                    .views
                    .household(chen, carried.household.get(), None)
                    .await;
                let marks = file.unwrap().marks;
                assert!(
                    marks.iter().any(|mark| mark.text.contains("有资格")),
                    "{marks:?}"
                );
            }
        }
    }
    // What was decided is in the first month's batch, and its case ends with it.
    bench.office.clock().set("2026-10-20T09:00");
    let october = Month::parse("2026-10").unwrap();
    let drawn = pay::prepare(&bench.office, chen, "monthly", october, |_| {})
        .await
        .unwrap();
    let tx = bench.office.begin().await.unwrap();
    let lines = store::payments::lines(&tx, drawn.batch, 0, 100_000)
        .await
        .unwrap();
    drop(tx);
    let entitled: BTreeSet<i64> = lines.iter().map(|line| line.content.entitlement).collect();
    for (walk, carried) in paid {
        let case = bench.load(carried.no).await;
        let subject = match case.row.content.subject {
            store::cases::Subject::Household(id) => id.into(),
            store::cases::Subject::Person(id) => id.into(),
        };
        let tx = bench.office.begin().await.unwrap();
        let held = pay::in_force(&tx, walk.programme, subject, october)
            .await
            .unwrap();
        drop(tx);
        assert!(entitled.contains(&held.unwrap().id), "{}", walk.programme);
        bench.complete(chen, None, carried.no).await;
        let case = bench.load(carried.no).await;
        assert!(case.standing.closed.is_some(), "{}", walk.programme);
    }
}
