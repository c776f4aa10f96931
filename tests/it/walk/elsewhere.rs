//! 户外亲属 beyond one case: what was established counts in the month and in the next case of the family, until they are
//! taken back.

use super::Bench;
use super::kin::ABLE;
use domain::{CaseNo, Month, PersonId};
use engine::arrow::array::Array;
use office::casework::kin;
use office::monitoring::MonthData;
use office::trace::trace;
use store::kin::NewKin;

/// A fact of kin that lasts beyond its case.
const INCOME: &str = "年收入协查";

impl Bench {
    /// Whether this month's tables know somebody's income elsewhere.
    async fn month_knows(&self, person: PersonId) -> bool {
        let month = Month::parse("2026-09").unwrap();
        let data = MonthData::load(&self.office, month).await.unwrap();
        let entity = data.program.dict.entity("个人").unwrap();
        let item =
            data.program.items.iter().position(|item| {
                item.name == INCOME && item.home == rules::plan::Home::Entity(entity)
            });
        let item = rules::plan::ItemId(u32::try_from(item.unwrap()).unwrap());
        let frame = &data.frames.entities[&entity];
        let at = usize::try_from(frame.position(person.get()).unwrap()).unwrap();
        frame.column(item).is_some_and(|column| column.is_valid(at))
    }

    /// Somebody of the register who lives elsewhere is written down as a member's son.
    async fn named(&self, no: CaseNo, (member, son): (PersonId, PersonId)) {
        let office = &self.office;
        let mut tx = office.begin().await.unwrap();
        let row = NewKin {
            case: no,
            member,
            person: son,
            relation: "子女".to_owned(),
            withdrawn: false,
            because: String::new(),
            day: office.clock().today(),
            by: "wang".to_owned(),
        };
        let at = office.clock().at();
        store::kin::name(&mut tx, &at, &row).await.unwrap();
        tx.record(store::Act::new(&at, "wang", "case.kin").because("测试"));
        office.end(tx).await.unwrap();
    }

    /// The same, with all that shows what he can give.
    async fn with_a_son(&self, no: CaseNo, (member, son): (PersonId, PersonId)) {
        self.named(no, (member, son)).await;
        for told in &ABLE {
            self.told(no, son.get(), told).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_a_wrongly_named_son_counts_in_no_month_once_he_is_taken_back() {
    let bench = Bench::open().await;
    let all = bench.entitled("tekun").await;
    let (family, son) = (all[0], all[all.len() - 1].0.unwrap());
    let no = bench.apply("tekun", family).await.unwrap();
    let elder = family.0.unwrap();
    bench.with_a_son(no, (elder, son)).await;
    assert!(bench.month_knows(son).await);

    // A trace follows the naming and what was established.
    let steps = trace(&bench.office, "kin-fact:1").await.unwrap();
    assert_eq!(steps[0].cause, format!("case:{no}"));
    assert!(steps[0].says.contains(ABLE[0].0), "{steps:?}");
    let steps = trace(&bench.office, "kin:1").await.unwrap();
    assert!(steps[0].says.contains("子女"), "{steps:?}");
    let steps = trace(&bench.office, "application:1").await.unwrap();
    assert_eq!(steps[0].cause, format!("case:{no}"));

    let clerk = &bench.of("窗口经办").who;
    let pair = (elder.get(), son.get());
    kin::take_back(&bench.office, clerk, no, pair, "写错了人")
        .await
        .unwrap();
    assert!(!bench.month_knows(son).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_case_of_the_family_knows_their_kin_and_each_member_can_lose_them_alone() {
    let bench = Bench::open().await;
    let all = bench.entitled("tekun").await;
    let mut couples = all.iter().copied();
    let (family, other) = loop {
        let family = couples.next().expect("no elder lives with anybody");
        let members = bench.members(family.1).await;
        let other = members.iter().find(|(one, _)| Some(*one) != family.0);
        if let Some((other, _)) = other {
            break (family, *other);
        }
    };
    let mut strangers = all.iter().filter(|one| one.1 != family.1);
    let son = strangers.next_back().unwrap().0.unwrap();
    let no = bench.apply("tekun", family).await.unwrap();
    let elder = family.0.unwrap();
    bench.with_a_son(no, (elder, son)).await;
    let office = &bench.office;
    let next = bench.apply("dibao", (None, family.1)).await.unwrap();
    let view = bench.kin(next).await;
    let known = view.people.iter().find(|one| one.id == son.get()).unwrap();
    let first = format!("办件 № {no}");
    assert!(known.from.contains(&first), "{}", known.from);

    // The same son is written down for the other member too.
    bench.named(next, (other, son)).await;
    let pairs = async || {
        let view = bench.kin(next).await;
        let known = view.people.into_iter().find(|one| one.id == son.get());
        let mut pairs = known.map_or_else(Vec::new, |one| one.back);
        pairs.sort_by(|a, b| a.value.cmp(&b.value));
        pairs.into_iter().map(|one| one.value).collect::<Vec<_>>()
    };
    let pair = |member: PersonId| format!("{member}@{son}");
    let mut both = vec![pair(elder), pair(other)];
    both.sort();
    assert_eq!(pairs().await, both);
    let clerk = &bench.of("窗口经办").who;
    let back = async |member: PersonId| {
        let pair = (member.get(), son.get());
        kin::take_back(office, clerk, next, pair, "不是他的").await
    };
    back(other).await.unwrap();
    assert_eq!(pairs().await, [pair(elder)]);
    assert!(bench.month_knows(son).await, "he is still the other's");
    back(elder).await.unwrap();
    assert!(pairs().await.is_empty());
    assert!(!bench.month_knows(son).await);
    let tx = office.begin().await.unwrap();
    let kept = store::kin::facts_of_case(&tx, no).await.unwrap();
    assert_eq!(kept.len(), ABLE.len(), "what was told stays");
}
