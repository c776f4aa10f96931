//! 收件: from the papers on the counter to an application. The page is sent as often as it takes — whoever
//! comes, what the state knows, what is still to be asked — and taken once. Numbers travel in the body
//! only.

use askama::Template;
use axum::response::{IntoResponse, Redirect};
use office::casework::{self, CaseError, Looked, Paper, PaperState, Window};
use office::photos::PhotoView;
use office::views::ViewError;
use office::views::casework::{Family, FamilyAsk};

use crate::desk::{Answered, Desk, Refusal};
use crate::links::{Fields, Link as _};
use crate::look::Look as _;
use crate::shell::{Menu, Shell};

/// What the names of answers begin with.
const ANSWER: &str = "answer:";
/// Between a programme and for whom it is.
const OF: char = ':';

#[derive(Template)]
#[template(path = "accept.html")]
struct AcceptPage {
    shell: Shell,
    problem: Option<String>,
    form: Window,
    looked: Option<Looked>,
    family: Family,
    /// The ways the office comes to know: word and name.
    causes: Vec<(&'static str, &'static str)>,
}

impl AcceptPage {
    fn ticked(&self, member: &i64) -> bool {
        self.form.members.contains(member)
    }

    fn wants(&self, programme: &str) -> bool {
        self.form.programmes.iter().any(|one| one == programme)
    }

    fn is(&self, cause: &str) -> bool {
        self.form.cause == cause
    }

    fn answered(&self, field: &str) -> &str {
        let found = self.form.answers.iter().find(|(name, _)| name == field);
        found.map_or("", |(_, value)| value)
    }

    fn handed(&self, paper: &str, later: bool) -> bool {
        let state = if later {
            PaperState::Later
        } else {
            PaperState::Given
        };
        let mut papers = self.form.papers.iter();
        papers.any(|one| one.name == paper && one.state == state)
    }

    /// The clue this comes from, with whom it is about.
    fn by_clue(&self) -> Option<&(String, String)> {
        self.looked.as_ref()?.clue.as_ref()
    }

    /// The applicant, masked, where the form was opened from their file.
    fn by_file(&self) -> Option<&str> {
        let name = self.looked.as_ref()?.opened_of.as_str();
        (!name.is_empty()).then_some(name)
    }

    fn photos(&self) -> &[PhotoView] {
        self.looked.as_ref().map_or(&[], |looked| &looked.photos)
    }

    fn later_why(&self) -> &str {
        let later = self
            .form
            .papers
            .iter()
            .find(|one| one.state == PaperState::Later);
        later.map_or("", |paper| &paper.because)
    }
}

/// The empty form; a clue brings the family it is about.
pub(crate) async fn show(desk: Desk) -> Answered {
    let clue = desk.fields.get("clue");
    if let Some(no) = clue.and_then(|no| no.parse().ok()) {
        let form = casework::from_clue(desk.access.office(), &desk.who, no).await;
        let page = match form {
            Ok(form) => page(&desk, form, None).await?,
            Err(CaseError::Refused(said)) => empty(&desk, Window::default(), Some(said)),
            Err(error) => return Err(desk.refuse(error.into())),
        };
        return desk.show(&page);
    }
    let person = desk.fields.get("person");
    if let Some(person) = person.and_then(|id| id.parse().ok()) {
        let form = Window {
            cause: "apply".to_owned(),
            person: Some(person),
            ..Window::default()
        };
        let page = page(&desk, form, None).await?;
        return desk.show(&page);
    }
    let form = Window {
        cause: desk
            .fields
            .get("cause")
            .unwrap_or_else(|| "apply".to_owned()),
        cause_id: desk.fields.get("cause_id").and_then(|id| id.parse().ok()),
        ..Window::default()
    };
    desk.show(&empty(&desk, form, None))
}

/// The form before anybody was looked up.
fn empty(desk: &Desk, form: Window, problem: Option<String>) -> AcceptPage {
    AcceptPage {
        shell: desk.shell("收件", Some(Menu::Inbox)),
        problem,
        form,
        looked: None,
        family: Family::default(),
        causes: causes(),
    }
}

/// Looks at what was sent, or takes it.
pub(crate) async fn send(desk: Desk, body: String) -> Answered {
    let fields = Fields::read(&body);
    let form = read(&fields);
    let office = desk.access.office();
    if fields.get("do").as_deref() != Some("take") {
        let page = page(&desk, form, None).await?;
        return desk.show(&page);
    }
    match casework::take_in(office, &desk.who, &form).await {
        Ok(Ok(opened)) => {
            let place = match opened.cases.first() {
                None => "/inbox".to_owned(),
                // Who lives elsewhere is taken in here and handled there.
                Some(no) => match casework::load(office, &desk.who, *no).await {
                    Ok(_) => format!("/case/{}", no.get()),
                    Err(_) => format!("/inbox?taken={}", no.get()),
                },
            };
            Ok(Redirect::to(&place).into_response())
        }
        Ok(Err(wrong)) => {
            let said = format!("填的家人有 {} 处要改,见下面的表", wrong.len());
            let page = page(&desk, form, Some(said)).await?;
            desk.show_again(&page)
        }
        Err(CaseError::Refused(said)) => {
            let page = page(&desk, form, Some(said)).await?;
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}

async fn page(desk: &Desk, form: Window, problem: Option<String>) -> Result<AcceptPage, Refusal> {
    let shell = desk.shell("收件", Some(Menu::Inbox));
    let office = desk.access.office();
    let looked = match casework::look(office, &desk.who, &form).await {
        Ok(looked) => looked,
        Err(CaseError::Refused(said)) => return Ok(empty(desk, form, Some(said))),
        Err(error) => return Err(desk.refuse(error.into())),
    };
    let mut form = form;
    form.form_key.clone_from(&looked.form_key);
    let family = match looked.applicant {
        Some(applicant) => {
            let ask = FamilyAsk {
                applicant,
                members: looked.known.clone(),
                programmes: form.programmes.clone(),
                whom: looked.chosen.clone(),
            };
            match desk.views.family(&desk.who, ask).await {
                Ok(family) => family,
                // Without judged months the window asks by word of mouth.
                Err(ViewError::NotAnswerable(_)) => Family::default(),
                Err(error) => return Err(desk.refuse(error)),
            }
        }
        None => Family::default(),
    };
    Ok(AcceptPage {
        shell,
        problem,
        form,
        looked: Some(looked),
        family,
        causes: causes(),
    })
}

fn causes() -> Vec<(&'static str, &'static str)> {
    let all = casework::Cause::ALL.into_iter();
    all.map(|cause| (cause.word(), cause.name())).collect()
}

fn read(fields: &Fields) -> Window {
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let why = word("later_why");
    let given = fields.all("given").into_iter().map(|name| Paper {
        name,
        state: PaperState::Given,
        because: String::new(),
    });
    let later = fields.all("later").into_iter().map(|name| Paper {
        name,
        state: PaperState::Later,
        because: why.clone(),
    });
    Window {
        form_key: word("form_key"),
        cause: word("cause"),
        cause_id: fields.get("cause_id").and_then(|id| id.parse().ok()),
        person: fields.get("person").and_then(|id| id.parse().ok()),
        name: word("name"),
        number: word("number"),
        members: fields
            .all("member")
            .iter()
            .filter_map(|id| id.parse().ok())
            .collect(),
        pasted: word("pasted"),
        kin: word("kin"),
        area: word("area"),
        programmes: fields.all("programme"),
        whom: fields
            .all("whom")
            .iter()
            .filter_map(|one| one.split_once(OF))
            .map(|(programme, who)| (programme.to_owned(), who.to_owned()))
            .collect(),
        answers: fields.starting_with(ANSWER),
        papers: given.chain(later).collect(),
        going_on: word("going_on"),
    }
}
