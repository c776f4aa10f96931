//! From the first opinion to a decision that can be made again: what is public and for how long, who may
//! decide and when, and what is kept of it.

mod later;
mod pool;
mod shown;

use crate::county::{County, Faults};
use crate::found_out;
use crate::staff::{Signed, Staff};
use domain::{CaseNo, PersonId, Relation};
use office::access::{Acting, By};
use office::casework::opinion::{Judged, Proposed, look_into};
use office::casework::{
    self, Case, CaseError, Completion, capsule, decision, letters, notice, objection, opinion,
    sample,
};
use office::{Database, Office, Setting, disbursement};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::decisions::DecidedAs;
use store::notices::{ObjectionState, Proposal, RuleResult};

const COUNTY: &str = "990101";

struct Bench {
    office: Arc<Office>,
    staff: Staff,
    wang: Signed,
    zhao: Signed,
    li: Signed,
    chen: Signed,
    county: County,
}

fn setting(folder: &Path, database: Database, rulebook: Option<PathBuf>) -> Setting {
    Setting {
        rulebook,
        ..crate::county::setting(folder, database, "2026-09-01T09:00")
    }
}

async fn opened(folder: &Path, database: Database, rulebook: Option<PathBuf>) -> Arc<Office> {
    let setting = setting(folder, database, rulebook);
    Arc::new(Office::open(setting).await.unwrap())
}

impl Bench {
    async fn open(database: Database) -> Self {
        let county = County::new(Faults::None);
        let setting = setting(&county.folder.path().join("data"), database, None);
        let office = Arc::new(county.received(setting).await);
        let staff = Staff::of(&office, COUNTY).await;
        Self {
            li: staff.enter("li", "网格员", COUNTY).await,
            wang: staff.enter("wang", "窗口经办", COUNTY).await,
            zhao: staff.enter("zhao", "核对员", COUNTY).await,
            chen: staff.enter("chen", "县级审核", COUNTY).await,
            office,
            staff,
            county,
        }
    }

    /// A dibao case of a household, brought to the first opinion.
    async fn case(&self, at: usize, head: PersonId, household: domain::HouseholdId) -> CaseNo {
        self.office.clock().set("2026-09-01T09:00");
        let members = store_members(self, household).await;
        let opening = found_out::dibao(format!("decide-{at}"), head, members);
        let opened = casework::open(&self.office, &self.wang.who, &opening).await;
        let no = opened.unwrap().cases[0];
        found_out::signed(&self.office, &self.wang.who, no).await;
        for step in ["提交申请", "受理", "启动调查"] {
            self.done(&self.wang.who, no, step, &[]).await.unwrap();
        }
        found_out::verified(&self.office, &self.wang.who, &self.zhao.who, no).await;
        found_out::visited(&self.office, &self.wang.who, &self.li.who, no).await;
        no
    }

    async fn done(
        &self,
        who: &Acting,
        no: CaseNo,
        step: &str,
        others: &[String],
    ) -> Result<(), CaseError> {
        let mut case = casework::load(&self.office, who, no).await?;
        let mut tx = self.office.begin().await?;
        let completion = Completion {
            step,
            others,
            ..Completion::default()
        };
        casework::complete(&self.office, &mut tx, who, &mut case, completion).await?;
        self.office.end(tx).await
    }

    async fn load(&self, no: CaseNo) -> Case {
        casework::load(&self.office, &self.chen.who, no)
            .await
            .unwrap()
    }

    async fn judged(&self, no: CaseNo) -> Judged {
        look_into(&self.office, &self.load(no).await).await.unwrap()
    }

    async fn opine(&self, no: CaseNo, proposes: Proposal) -> Result<(), CaseError> {
        let mut case = casework::load(&self.office, &self.wang.who, no).await?;
        let judged = look_into(&self.office, &case).await?;
        let proposed = Proposed {
            proposes,
            because: "入户核对与申报一致".to_owned(),
        };
        let mut tx = self.office.begin().await?;
        let who = &self.wang.who;
        opinion::give(&self.office, &mut tx, who, &mut case, (&judged, &proposed)).await?;
        self.office.end(tx).await
    }

    async fn post(&self, no: CaseNo) -> Result<i64, CaseError> {
        let case = casework::load(&self.office, &self.wang.who, no).await?;
        let worked_out = notice::worked_out(&self.office, &case).await?;
        let mut tx = self.office.begin().await?;
        let case = (&case, worked_out);
        let posted = notice::post(&self.office, &mut tx, &self.wang.who, case).await?;
        self.office.end(tx).await?;
        Ok(posted)
    }

    async fn finish(&self, no: CaseNo) -> Result<(), CaseError> {
        let mut case = casework::load(&self.office, &self.wang.who, no).await?;
        let mut tx = self.office.begin().await?;
        notice::finish(&self.office, &mut tx, &self.wang.who, &mut case).await?;
        self.office.end(tx).await
    }

    /// From the first opinion to the step in which the county decides.
    async fn to_the_county(&self, no: CaseNo, proposes: Proposal) {
        self.office.clock().set("2026-09-09T09:30");
        self.opine(no, proposes).await.unwrap();
        self.post(no).await.unwrap();
        self.office.clock().set("2026-09-18T09:00");
        self.finish(no).await.unwrap();
        self.done(&self.wang.who, no, "报批", &[]).await.unwrap();
    }

    async fn sign(&self, who: &Acting, no: CaseNo, outcome: DecidedAs) -> Result<i64, CaseError> {
        let signing = decision::Signing {
            outcome,
            because: String::new(),
            amount: None,
            articles: Vec::new(),
        };
        found_out::checked(&self.office, who, no).await;
        decision::sign(&self.office, who, no, &signing).await
    }

    async fn settle(&self, no: CaseNo, objection: i64, with: &str) -> Result<(), CaseError> {
        self.settle_as(no, objection, (with, ObjectionState::Dismissed))
            .await
    }

    async fn settle_as(
        &self,
        no: CaseNo,
        objection: i64,
        (with, state): (&str, ObjectionState),
    ) -> Result<(), CaseError> {
        let mut case = casework::load(&self.office, &self.wang.who, no).await?;
        let mut tx = self.office.begin().await?;
        let settled = objection::Settled {
            no: objection,
            state,
            with,
            because: "到户复查,没有隐瞒",
        };
        objection::settle(&self.office, &mut tx, &self.wang.who, &mut case, settled).await?;
        self.office.end(tx).await
    }

    /// The same person after a change of roles.
    async fn as_reviewer(&self, login: &str) -> Acting {
        let access = &self.staff.access;
        let (rows, _) = access.accounts(By::Machine).await.unwrap();
        let row = rows.iter().find(|row| row.login == login).unwrap();
        for grant in &row.roles {
            access
                .revoke(By::Machine, login, grant.id, "调岗")
                .await
                .unwrap();
        }
        self.staff.give(login, "县级审核", COUNTY).await;
        let begun = access.session_at_the_machine(login, "test").await.unwrap();
        let visitor = self.staff.visitor(&begun.secret.text()).await;
        visitor.unwrap().acting
    }

    /// Cases of households by what the rules say, as many of each as there are among the first ones.
    async fn sorted(&self) -> [Vec<CaseNo>; 3] {
        let mut out = [Vec::new(), Vec::new(), Vec::new()];
        for (at, (household, head)) in homes(self).await.into_iter().enumerate() {
            if out[0].len() >= 2 && out[1].len() >= 2 {
                break;
            }
            let no = self.case(at, head, household).await;
            let place = match self.judged(no).await.found.result() {
                RuleResult::Eligible => 0,
                RuleResult::Ineligible => 1,
                RuleResult::Pending => 2,
            };
            out[place].push(no);
        }
        out
    }
}

/// Households of the roll and beside it, each with a grown-up head.
async fn homes(bench: &Bench) -> Vec<(domain::HouseholdId, PersonId)> {
    let roll = bench.county.feed("2026-08", "roll");
    let register = bench.county.feed("2026-08", "register");
    let heads: Vec<[&str; 5]> = register
        .columns(["身份证号", "姓名", "户号", "与户主关系", "出生日期"])
        .into_iter()
        .filter(|[number, _, _, relation, birth]| {
            *relation == "户主" && number.len() == 18 && *birth < "1990"
        })
        .collect();
    let dibao: std::collections::BTreeSet<&str> = roll
        .columns(["户编号", "救助类型"])
        .into_iter()
        .filter(|[_, kind]| *kind == "低保")
        .map(|[book, _]| book)
        .collect();
    type Heads<'a> = Vec<[&'a str; 5]>;
    let (on, off): (Heads<'_>, Heads<'_>) = heads
        .into_iter()
        .partition(|[_, _, book, ..]| dibao.contains(book));
    let mut out = Vec::new();
    for [number, name, ..] in on.into_iter().take(12).chain(off.into_iter().take(4)) {
        let found = casework::people::find(&bench.office, &bench.wang.who, name, number).await;
        let Ok(Some(person)) = found else { continue };
        let tx = bench.office.begin().await.unwrap();
        let today = bench.office.clock().today();
        let all = store::households::memberships_on(&tx, &[person], today).await;
        if let Some(home) = all.unwrap().get(&person) {
            out.push((home.household, person));
        }
    }
    out
}

async fn store_members(bench: &Bench, household: domain::HouseholdId) -> Vec<(PersonId, Relation)> {
    let tx = bench.office.begin().await.unwrap();
    let today = bench.office.clock().today();
    let all = store::households::members(&tx, household).await.unwrap();
    let now = all.into_iter().filter(|m| m.span.contains(today));
    now.map(|m| (m.person, m.relation)).collect()
}

fn refused<T>(answer: Result<T, CaseError>, words: &str) {
    match answer {
        Ok(_) => panic!("taken, though it should be refused with {words}"),
        Err(why) => assert!(why.to_string().contains(words), "{why} instead of {words}"),
    }
}

async fn the_way_to_a_decision(database: Database) {
    let bench = Bench::open(database.clone()).await;
    let [eligible, ineligible, pending] = bench.sorted().await;
    println!("{} {} {}", eligible.len(), ineligible.len(), pending.len());
    let no = eligible[0];

    // No opinion, no step; no notice, no step; whoever asks.
    refused(
        bench.done(&bench.wang.who, no, "初审", &[]).await,
        "初审意见",
    );
    bench.opine(no, Proposal::Grant).await.unwrap();
    refused(bench.finish(no).await, "没有张贴");
    let posted = bench.post(no).await.unwrap();
    refused(bench.post(no).await, "已经在公示");

    // What hangs is the whitelist, masked; and nothing of it is left after the seventh day.
    let hanging = notice::hanging(&bench.office, None).await.unwrap();
    let shown = &hanging.iter().find(|one| one.no == posted).unwrap().shown;
    let names: Vec<&str> = shown.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(&names[..3], ["申请人姓名", "家庭成员数", "拟保障金额"]);
    let masked = &shown[0].1;
    assert!(masked.contains('*'), "{masked}");
    refused(bench.finish(no).await, "没有期满");
    bench.office.clock().set("2026-09-08T23:59");
    assert_eq!(notice::hanging(&bench.office, None).await.unwrap().len(), 1);
    refused(bench.finish(no).await, "没有期满");
    bench.office.clock().set("2026-09-09T00:01");
    assert!(
        notice::hanging(&bench.office, None)
            .await
            .unwrap()
            .is_empty()
    );
    refused(
        bench.sign(&bench.chen.who, no, DecidedAs::Granted).await,
        "不到作决定",
    );
    bench.finish(no).await.unwrap();
    bench.done(&bench.wang.who, no, "报批", &[]).await.unwrap();

    // Whoever investigated does not decide, not even in another role.
    let wang = bench.as_reviewer("wang").await;
    refused(
        bench.sign(&wang, no, DecidedAs::Granted).await,
        "不能再由同一个人作决定",
    );
    refused(
        bench.done(&bench.chen.who, no, "审核确认", &[]).await,
        "签署的决定",
    );
    refused(
        bench.sign(&bench.chen.who, no, DecidedAs::Refused).await,
        "与它不同的决定",
    );
    let signed = bench
        .sign(&bench.chen.who, no, DecidedAs::Granted)
        .await
        .unwrap();
    let case = bench.load(no).await;
    assert_eq!(case.standing.open.as_ref().unwrap().name, "送达");
    let month = domain::Month::parse("2026-10").unwrap();
    let subject = case.row.content.household.unwrap().into();
    let tx = bench.office.begin().await.unwrap();
    let paid = disbursement::in_force(&tx, "dibao", subject, month).await;
    assert_eq!(paid.unwrap().unwrap().cause.id, signed.to_string());
    drop(tx);

    let replay = capsule::replay(&bench.office, signed).await.unwrap();
    assert!(replay.same && replay.rules_same, "{:?}", replay.differs);
    assert!(replay.changed.is_empty(), "{:?}", replay.changed);

    // The letter says who, how much, and where to turn; it is written only once there is a decision.
    let letter = letters::letter(&bench.office, &bench.wang.who, no, "确认通知书").await;
    let letter = letter.unwrap();
    let bytes = letter.pdf().await;
    if let Ok(bytes) = &bytes {
        assert!(
            bytes.starts_with(b"%PDF-") && bytes.len() < 400_000,
            "{}",
            bytes.len()
        );
        assert_eq!(bytes, &letter.pdf().await.unwrap());
        let rare = letters::Letter {
            title: letter.title.clone(),
            text: "𬭎 𫖯 㐂".to_owned(),
            later: false,
        };
        assert!(rare.pdf().await.is_ok());
        if let Some(folder) = std::env::var_os("DOUDI_KEEP_LETTERS") {
            std::fs::write(Path::new(&folder).join("letter.pdf"), bytes).unwrap();
        }
    }
    let text = letter.text;
    assert!(
        text.contains("示例县人民政府") && text.contains("2026 年 10 月"),
        "{text}"
    );
    assert!(!text.contains("{{"), "{text}");
    refused_with_every_reason(&bench, ineligible[0]).await;
    if let Some(no) = pending.first() {
        nothing_unknown_decides(&bench, *no).await;
    }
    stopped_by_an_objection(&bench, eligible[1]).await;
    later::upheld_wants_a_new_opinion(&bench, ineligible[1]).await;
    later::public_while_the_help_runs(&bench, no).await;
    with_other_rules(bench, database, signed).await;
}

/// A refusal tells every reason, its articles and the remedy; nothing is paid.
async fn refused_with_every_reason(bench: &Bench, no: CaseNo) {
    bench.to_the_county(no, Proposal::Refuse).await;
    let signed = bench
        .sign(&bench.chen.who, no, DecidedAs::Refused)
        .await
        .unwrap();
    let tx = bench.office.begin().await.unwrap();
    let kept = store::decisions::find(&tx, signed)
        .await
        .unwrap()
        .unwrap()
        .content;
    drop(tx);
    let judged = bench.judged(no).await;
    assert_eq!(kept.reasons.lines().count(), judged.found.failing().count());
    assert!(
        !kept.articles.is_empty() && kept.remedy.contains("行政诉讼法"),
        "{kept:?}"
    );
    assert_eq!((kept.amount, kept.from), (None, None));
    let case = bench.load(no).await;
    assert_eq!(case.standing.open.unwrap().name, "送达不予确认");
}

/// What is not known neither grants nor refuses, whatever anybody writes.
async fn nothing_unknown_decides(bench: &Bench, no: CaseNo) {
    bench.to_the_county(no, Proposal::Grant).await;
    found_out::checked(&bench.office, &bench.chen.who, no).await;
    for outcome in [DecidedAs::Granted, DecidedAs::Refused] {
        let signing = decision::Signing {
            outcome,
            because: "特殊困难".to_owned(),
            amount: domain::Fen::from_yuan(300),
            articles: vec!["社会救助法 第十八条".to_owned()],
        };
        let signed = decision::sign(&bench.office, &bench.chen.who, no, &signing).await;
        refused(signed, "既不能同意,也不能不予");
    }
}

/// An objection from the public page stops the case until two persons have looked into it.
async fn stopped_by_an_objection(bench: &Bench, no: CaseNo) {
    bench.office.clock().set("2026-09-09T10:00");
    bench.opine(no, Proposal::Grant).await.unwrap();
    let posted = bench.post(no).await.unwrap();
    let access = &bench.staff.access;
    for told in ["身份证 99010119 5403 121283", "电话 138 0000 0000", " "] {
        assert!(
            objection::object_from_page(access, posted, told)
                .await
                .is_err(),
            "{told}"
        );
    }
    let objection = objection::object_from_page(access, posted, "儿子的收入没有报")
        .await
        .unwrap();
    bench.office.clock().set("2026-09-20T10:00");
    let late = objection::object_from_page(access, posted, "又想起来").await;
    refused(late, "已经到期撤下");
    bench.finish(no).await.unwrap();
    let case = bench.load(no).await;
    assert_eq!(case.standing.open.unwrap().name, "异议复查");
    refused(bench.settle(no, objection, "wang").await, "两个人");
    bench.settle(no, objection, "li").await.unwrap();
    bench.done(&bench.wang.who, no, "报批", &[]).await.unwrap();
    bench
        .sign(&bench.chen.who, no, DecidedAs::Granted)
        .await
        .unwrap();
}

/// The same decision after the rulebook has changed: the same bytes, and what differs today, by its name.
async fn with_other_rules(bench: Bench, database: Database, signed: i64) {
    let folder = bench.county.folder.path().to_owned();
    let rulebook = folder.join("rulebook");
    copy(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../rulebook"),
        &rulebook,
    );
    let path = rulebook.join("localities/demo/parameters.csv");
    let old = std::fs::read_to_string(&path).unwrap();
    let new = old.replace("2026-07-01,,820,元/人月", "2026-07-01,,82,元/人月");
    let new = new.replace("2026-07-01,,685,元/人月", "2026-07-01,,68,元/人月");
    assert_ne!(old, new);
    std::fs::write(&path, new).unwrap();
    let Bench {
        office,
        staff,
        county,
        ..
    } = bench;
    drop((staff, office));
    let office = opened(&folder.join("data"), database, Some(rulebook)).await;
    let replay = capsule::replay(&office, signed).await.unwrap();
    assert!(replay.same && !replay.rules_same, "{:?}", replay.differs);
    assert_eq!(replay.files, ["localities/demo/parameters.csv"]);
    let changed = replay.changed.join("\n");
    assert!(
        changed.contains("低保标准") && changed.contains("给付"),
        "{changed}"
    );
    drop(county);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let into = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &into),
            false => drop(std::fs::copy(entry.path(), into).unwrap()),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_waits_for_the_notice_and_is_never_the_investigators() {
    the_way_to_a_decision(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_waits_for_the_notice_on_postgresql_too() {
    if let Some(address) = crate::postgres::fresh_database().await {
        the_way_to_a_decision(Database::Postgres { address }).await;
    }
}

/// Acts in any order, by whoever may do them or not: whatever was taken, a decision stands only after its
/// notice has run with no objection open, and the step is never done without one.
#[tokio::test(flavor = "multi_thread")]
async fn acts_in_any_order_never_decide_too_early() {
    let bench = Bench::open(Database::Sqlite).await;
    let [eligible, ineligible, pending] = bench.sorted().await;
    let all: Vec<CaseNo> = [eligible, ineligible, pending].concat();
    let mut seed = 990_101_u64;
    let mut decided = 0;
    for (round, no) in all.into_iter().enumerate() {
        let mut day = 1;
        for turn in 0..240 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let dice = seed >> 33;
            let open = bench.load(no).await.standing.open;
            let Some(open) = open else { break };
            match dice % 9 {
                0 => day = (day + 1).min(30),
                1 => drop(bench.opine(no, Proposal::Grant).await),
                2 => drop(bench.post(no).await),
                3 => drop(bench.finish(no).await),
                4 if turn < 30 => {
                    let access = &bench.staff.access;
                    let posted = notice::hanging(&bench.office, None).await.unwrap();
                    if let Some(one) = posted.first() {
                        drop(objection::object_from_page(access, one.no, "收入没有报").await);
                    }
                }
                5 => {
                    let tx = bench.office.begin().await.unwrap();
                    let known = store::notices::objections(&tx, no).await.unwrap();
                    drop(tx);
                    let mut known = known.iter();
                    if let Some(one) = known.find(|one| one.state == ObjectionState::Open) {
                        drop(bench.settle(no, one.no, "li").await);
                    }
                }
                6 => drop(bench.sign(&bench.chen.who, no, DecidedAs::Granted).await),
                7 => drop(bench.done(&bench.chen.who, no, &open.name, &[]).await),
                _ => {
                    let case = bench.load(no).await;
                    let two = case.open_step().is_some_and(|step| step.persons > 1);
                    let with: Vec<String> = two.then(|| "li".to_owned()).into_iter().collect();
                    drop(bench.done(&bench.wang.who, no, &open.name, &with).await);
                }
            }
            bench.office.clock().set(&format!("2026-09-{day:02}T10:00"));
            decided += stands(&bench, no, round).await;
        }
    }
    assert!(decided > 0, "no sequence came to a decision");
}

/// Whether a case is decided; that it was decided rightly is asserted.
async fn stands(bench: &Bench, no: CaseNo, round: usize) -> usize {
    let case = bench.load(no).await;
    let tx = bench.office.begin().await.unwrap();
    let decisions = store::decisions::of_case(&tx, no).await.unwrap();
    let done = case.standing.last_done("审核确认");
    assert_eq!(done.is_some(), !decisions.is_empty(), "round {round}");
    for one in &decisions {
        let (posted, last) = one.content.notice.clone().unwrap();
        let notice = store::notices::find(&tx, posted).await.unwrap().unwrap();
        assert!(last < one.content.day && notice.content.from.days_until(last) >= 7);
        let objections = store::notices::objections(&tx, no).await.unwrap();
        assert!(
            objections
                .iter()
                .all(|one| one.state != ObjectionState::Open)
        );
        assert!(one.content.result != RuleResult::Pending);
        assert_ne!(one.content.decider, one.content.opinion.1);
    }
    usize::from(!decisions.is_empty())
}
