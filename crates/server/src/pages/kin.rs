//! 户外亲属: who is obliged to support a member of a case and lives elsewhere, what was established about them, and
//! the forms for more.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use office::casework::kin::{self, Establishing, KinView, Naming};
use office::casework::{self, CaseError, Done};

use crate::desk::{Answered, Desk, Refusal};
use crate::links::Fields;
use crate::shell::{Menu, Shell};

/// Between a member and whoever is taken back of them.
const OF: char = '@';

#[derive(Template)]
#[template(path = "kin.html")]
struct KinPage {
    shell: Shell,
    problem: Option<String>,
    view: KinView,
}

pub(crate) async fn show(desk: Desk, Path(no): Path<String>) -> Answered {
    let page = page(&desk, &no, None).await?;
    desk.show(&page)
}

async fn page(desk: &Desk, no: &str, problem: Option<String>) -> Result<KinPage, Refusal> {
    let refuse = |error: CaseError| desk.refuse(error.into());
    let number = casework::case_no(no).map_err(refuse)?;
    let view = kin::page(&desk.access, &desk.who, number).await;
    Ok(KinPage {
        shell: desk.shell(format!("户外亲属 № {no}"), Some(Menu::Inbox)),
        problem,
        view: view.map_err(refuse)?,
    })
}

/// Writes one thing down, then the page as it stands after it; or the page with what is wrong on top.
pub(crate) async fn act(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let fields = Fields::read(&body);
    match write(&desk, &no, &fields).await {
        Ok(()) => Ok(Redirect::to(&format!("/case/{no}/kin")).into_response()),
        Err(error) => {
            let slip = desk.slip(error)?;
            let page = page(&desk, &no, Some(slip)).await?;
            desk.show_again(&page)
        }
    }
}

async fn write(desk: &Desk, no: &str, fields: &Fields) -> Done<()> {
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    let number = casework::case_no(no)?;
    let (office, who) = (desk.access.office(), &desk.who);
    match word("act").as_str() {
        "name" => {
            let member = word("member").parse();
            let naming = Naming {
                member: member.map_err(|_| refused("请从清单里选是谁的亲属"))?,
                relation: word("relation"),
                name: word("name"),
                number: word("number"),
                birth: word("birth"),
                because: word("none"),
            };
            kin::name(office, who, number, &naming).await.map(|_| ())
        }
        "fact" => {
            let person = word("person").parse();
            let new = Establishing {
                person: person.map_err(|_| refused("请从清单里选是哪一位户外亲属"))?,
                fact: word("fact"),
                value: word("value"),
                way: word("way"),
                paper: word("paper"),
                paper_day: word("paper_day"),
            };
            kin::establish(office, who, number, &new).await.map(|_| ())
        }
        "back" => {
            let pair = word("pair");
            let (member, person) = pair.split_once(OF).unwrap_or_default();
            let pair = member.parse().ok().zip(person.parse().ok());
            let pair = pair.ok_or_else(|| refused("请从清单里选撤回哪一位"))?;
            kin::take_back(office, who, number, pair, &word("why")).await
        }
        _ => Err(refused("请用页面上的按钮登记")),
    }
}
