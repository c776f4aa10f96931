//! What is told of a family at the window and at the door, by the programme it applies for.

use domain::PersonId;
use office::casework::recorded::Finding;
use office::casework::{Case, Declared};
use office::visits::Said;

/// What is looked at to tell how much care somebody needs.
const ABLE: [&str; 6] = [
    "能吃饭",
    "能穿衣",
    "能上下床",
    "能如厕",
    "能室内行走",
    "能洗澡",
];

/// What somebody who applies says of the help wanted.
pub(super) fn declared(programme: &str, meant: Option<PersonId>) -> Vec<Declared> {
    match programme {
        "tekun" => vec![Declared {
            person: meant,
            fact: "供养形式选择".to_owned(),
            value: "分散".to_owned(),
            period: String::new(),
        }],
        _ => Vec::new(),
    }
}

/// What the window establishes: of an orphan, that the parents who bore the child cannot be found.
pub(super) fn established(programme: &str, meant: Option<PersonId>) -> Option<Finding> {
    (programme == "orphan_allowance").then(|| Finding {
        person: meant.map(PersonId::get),
        fact: "查找不到生父母".to_owned(),
        value: "是".to_owned(),
        because: "公安比对没有找到生父母".to_owned(),
        evidence: "公安机关的证明".to_owned(),
        photo: None,
    })
}

/// What is told of the parent no register has, where a programme is for children without parents' care.
pub(super) fn parent_of(programme: &str) -> Option<&'static str> {
    match programme {
        "orphan_allowance" => Some("已死亡或失踪"),
        _ => None,
    }
}

/// What two see at the door that the help rests on: of 特困 what somebody can still do alone, of a child what has
/// become of the other parent.
pub(super) fn told_at_the_door(case: &Case) -> Vec<Said> {
    let told = |person: PersonId, fact: &str, value: &str| Said {
        person: Some(person),
        fact: fact.to_owned(),
        value: value.to_owned(),
        base: 0,
    };
    let content = &case.row.content;
    match (parent_of(&content.programme), content.subject) {
        (Some(parent), store::cases::Subject::Person(child)) => {
            vec![told(child, "另一方父母情形", parent)]
        }
        _ if content.programme == "tekun" => {
            let members = case.application.content.members.iter();
            members
                .flat_map(|(person, _)| ABLE.map(|fact| told(*person, fact, "是")))
                .collect()
        }
        _ => Vec::new(),
    }
}
