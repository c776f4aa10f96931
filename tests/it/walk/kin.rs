//! 户外亲属: what is established about those who live elsewhere decides what departments' files cannot; every change
//! stands in the chain, and nothing of whose it is stands in the clear.

use super::Bench;
use domain::{CaseNo, PersonId, Relation};
use office::casework::kin::{self, Establishing, KinView, Naming};
use office::casework::opinion::look_into;
use office::casework::{CaseError, DecidedAs};
use store::audit::About;

/// A fact, its value, how it was established, on which paper of which day.
type Told<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

/// A parent in prison for three years.
pub(super) const IN_PRISON: &[Told<'_>] = &[
    ("已去世", "否", "证明", "监狱的在押证明", "2026-08-20"),
    ("限制人身自由月数", "36", "证明", "刑事判决书", "2025-11-03"),
];
/// A parent nobody has heard of for longer than half a year.
pub(super) const OUT_OF_CONTACT: &[Told<'_>] = &[
    (
        "失联起",
        "2025-12-01",
        "其他部门",
        "派出所的查找记录",
        "2026-08-28",
    ),
    ("失联期间抚养", "否", "入户", "入户调查表", "2026-08-31"),
];
/// A parent with a card of the third grade for a mental disability.
const DISABLED: &[Told<'_>] = &[
    ("残疾类别", "精神", "证明", "残疾人证", "2024-05-06"),
    ("残疾等级", "三级", "证明", "残疾人证", "2024-05-06"),
];

/// For children whose parents live and cannot care.
pub(super) const UNSUPPORTED: &str = "child_unsupported";

/// Of such a child the parents are in the book and away: who live together are the grandparents and the child.
pub(super) fn who_live_together(
    programme: &str,
    meant: Option<PersonId>,
    members: &mut Vec<(PersonId, Relation)>,
) {
    members.retain(|(person, relation)| {
        programme != UNSUPPORTED
            || Some(*person) == meant
            || matches!(relation, Relation::Head | Relation::Spouse)
    });
}

impl Bench {
    pub(super) async fn kin(&self, no: CaseNo) -> KinView {
        let clerk = &self.of("窗口经办").who;
        kin::page(&self.staff.access, clerk, no).await.unwrap()
    }

    pub(super) async fn told(
        &self,
        no: CaseNo,
        person: i64,
        told: &Told<'_>,
    ) -> Result<i64, CaseError> {
        let (fact, value, way, paper, paper_day) = told;
        let new = Establishing {
            person,
            fact: (*fact).to_owned(),
            value: (*value).to_owned(),
            way: (*way).to_owned(),
            paper: (*paper).to_owned(),
            paper_day: (*paper_day).to_owned(),
        };
        kin::establish(&self.office, &self.of("窗口经办").who, no, &new).await
    }

    /// What became of each of the parents the police list, in their order.
    pub(super) async fn parents(&self, no: CaseNo, told: &[&[Told<'_>]]) {
        let listed = self.kin(no).await.people;
        assert_eq!(listed.len(), 2, "{listed:?}");
        for (parent, told) in listed.iter().zip(told) {
            for one in *told {
                self.told(no, parent.id, one).await.unwrap();
            }
        }
    }

    async fn condition(&self, no: CaseNo, name: &str) -> Option<bool> {
        let case = self.load(no).await;
        let found = look_into(&self.office, &case).await.unwrap().found;
        let mut conditions = found.conditions.iter();
        conditions.find(|one| one.name == name).unwrap().holds
    }
}

/// Children who live with grandparents: two of one household, and one of another.
async fn left_behind(bench: &Bench) -> [CaseNo; 3] {
    bench.office.clock().set("2026-09-01T09:00");
    let all = bench.entitled(UNSUPPORTED).await;
    let with = |home| all.iter().filter(move |one| one.1 == home);
    let two = all.iter().find(|one| with(one.1).count() > 1).unwrap().1;
    let two: Vec<_> = with(two).take(2).collect();
    let other = all.iter().find(|one| one.1 != two[0].1).unwrap();
    let mut cases = Vec::new();
    for family in [*two[0], *two[1], *other] {
        cases.push(bench.apply(UNSUPPORTED, family).await.unwrap());
    }
    cases.try_into().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_able_parent_refuses_a_child_with_the_reason_and_a_disabled_one_does_not() {
    let bench = Bench::open().await;
    let [disabled, sibling, no] = left_behind(&bench).await;
    bench.parents(disabled, &[IN_PRISON, DISABLED]).await;
    assert_eq!(bench.condition(disabled, "属于无人抚养").await, Some(true));
    let known = bench.condition(sibling, "属于无人抚养").await;
    assert_eq!(known, Some(true), "the same parents, asked about once");

    bench.parents(no, &[IN_PRISON, &[]]).await;
    assert_eq!(bench.condition(no, "属于无人抚养").await, Some(false));
    while bench.load(no).await.open_step().is_some() {
        bench.step(no).await;
    }
    let tx = bench.office.begin().await.unwrap();
    let decided = store::decisions::of_case(&tx, no).await.unwrap();
    let decided = decided.last().unwrap();
    assert_eq!(decided.content.outcome, DecidedAs::Refused);
    assert!(decided.content.reasons.contains("父母都不能抚养"));
    let given = store::decisions::deliveries(&tx, decided.no).await.unwrap();
    assert_eq!(given[0].document, "儿童不予认定通知书");
}

/// A son who can support his parents.
pub(super) const ABLE: [Told<'_>; 6] = [
    ("已去世", "否", "其他部门", "当地派出所的复函", "2026-08-20"),
    ("残疾类别", "无", "其他部门", "当地残联的复函", "2026-08-20"),
    ("残疾等级", "无", "其他部门", "当地残联的复函", "2026-08-20"),
    ("异地特困", "否", "核对", "当地民政的复函", "2026-08-21"),
    ("异地低保", "否", "核对", "当地民政的复函", "2026-08-21"),
    (
        "年收入协查",
        "60000",
        "其他部门",
        "当地民政的复函",
        "2026-08-21",
    ),
];
/// What is written down of nobody, and what is told then.
const WRONG: [(Told<'_>, &str); 6] = [
    (
        ("失联起", "2025-12-01", "证明", "证明", "2026-08-20"),
        "不是这一项救助",
    ),
    (
        ("存款余额", "3", "证明", "证明", "2026-08-20"),
        "不是这一项救助",
    ),
    (("已去世", "也许", "证明", "证明", "2026-08-20"), "已去世"),
    (("已去世", "否", "入户", "证明", "2026-08-20"), "查实办法"),
    (("已去世", "否", "证明", " ", "2026-08-20"), "哪份材料"),
    (("已去世", "否", "证明", "证明", "2026-09-02"), "今天以后"),
];
const WITHOUT_ABLE: &str = "无义务人或义务人无力";

#[tokio::test(flavor = "multi_thread")]
async fn a_son_elsewhere_is_open_until_established_and_taking_him_back_leaves_its_trace() {
    let bench = Bench::open().await;
    let clerk = &bench.of("窗口经办").who;
    let family = bench.entitled("tekun").await[0];
    let no = bench.apply("tekun", family).await.unwrap();
    assert_eq!(bench.condition(no, WITHOUT_ABLE).await, Some(true));
    let elder = family.0.unwrap().get();
    let naming = Naming {
        member: elder,
        relation: "子女".to_owned(),
        name: "欧阳未来".to_owned(),
        number: "无".to_owned(),
        birth: "1986-03-01".to_owned(),
        because: String::new(),
    };
    let office = &bench.office;
    let refused = async |naming: Naming, said: &str| {
        let why = kin::name(office, clerk, no, &naming).await.unwrap_err();
        assert!(why.to_string().contains(said), "{why}");
    };
    refused(naming.clone(), "为什么没有").await;
    let because = "多年不回家,没有证件".to_owned();
    let naming = Naming { because, ..naming };
    let relation = "邻居".to_owned();
    refused(
        Naming {
            relation,
            ..naming.clone()
        },
        "父母、子女、配偶",
    )
    .await;
    refused(
        Naming {
            member: 1,
            ..naming.clone()
        },
        "是谁的亲属",
    )
    .await;
    let son = kin::name(office, clerk, no, &naming).await.unwrap();
    assert_eq!(
        bench.condition(no, WITHOUT_ABLE).await,
        None,
        "nothing is known of him"
    );

    for (told, said) in &WRONG {
        let why = bench.told(no, son.get(), told).await.unwrap_err();
        assert!(why.to_string().contains(said), "{told:?}: {why}");
    }
    for told in &ABLE {
        bench.told(no, son.get(), told).await.unwrap();
    }
    assert_eq!(bench.condition(no, WITHOUT_ABLE).await, Some(false));
    let told = bench.told(no, elder, &ABLE[0]).await;
    assert!(told.is_err(), "a member is none of them");

    let view = bench.kin(no).await;
    assert!(!format!("{view:?}").contains("欧阳未来"), "masked");
    let one = view.people.iter().find(|one| one.id == son.get()).unwrap();
    assert!(one.who.contains("没有身份证号(多年不回家"), "{}", one.who);
    assert!(
        one.facts.iter().any(|[fact, value, source]| {
            fact == "年收入协查"
                && value.replace(',', "").contains("60000")
                && source.contains("其他部门 2026-08-21")
        }),
        "{:?}",
        one.facts
    );

    kin::take_back(office, clerk, no, (elder, son.get()), "查明不是亲生")
        .await
        .unwrap();
    assert_eq!(bench.condition(no, WITHOUT_ABLE).await, Some(true));
    let view = bench.kin(no).await;
    assert_eq!(view.lines.len(), 2 + ABLE.len(), "what was told stays");
    let tx = office.begin().await.unwrap();
    let all = About::Everything;
    let acts = store::audit::list(&tx, &all, i64::MAX, 1_000)
        .await
        .unwrap();
    let of = |what: &str| acts.iter().filter(|act| act.act == what).count();
    assert_eq!(
        (of("case.kin"), of("case.kin-fact"), of("case.kin-back")),
        (1, ABLE.len(), 1)
    );
}
