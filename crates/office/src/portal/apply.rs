//! 申请, one question a page: what a page shows.

use super::Writer;
use super::book::PortalBook;
use super::draft::{Assent, Content, Held, Member, OUTSIDE, born, held, ticked};
use super::pictures::ASSENT_PAPER;
use super::steps::{self, Step, Subject, field, subject};
use super::whom::{named, whom};
use crate::access::{Access, note_read};
use crate::casework::{CaseError, Done, online, residents};
use crate::guide::NOT_SURE;
use crate::office::Office;
use crate::photos::{self, AboutKind, PhotoAbout};
use domain::{AreaLevel, Relation};
use store::identity::{mask_name, mask_number};

/// A file that was sent.
#[derive(Clone)]
pub struct Filled {
    /// Its name, as sent.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// What was sent with a page. Has no printable form.
#[derive(Clone, Default)]
pub struct Form {
    /// Fields, in order.
    pub fields: Vec<(String, String)>,
    /// Files.
    pub files: Vec<Filled>,
    /// From where it came.
    pub origin: String,
}

impl Form {
    pub(super) fn get(&self, name: &str) -> &str {
        let mut found = self.fields.iter().filter(|(field, _)| field == name);
        found.next().map_or("", |(_, value)| value.trim())
    }

    pub(super) fn all(&self, name: &str) -> Vec<String> {
        let found = self.fields.iter().filter(|(field, _)| field == name);
        found.map(|(_, value)| value.trim().to_owned()).collect()
    }
}

/// One thing to fill in.
#[derive(Clone, Debug, Default)]
pub struct Pick {
    /// Its field.
    pub name: String,
    /// What is asked.
    pub label: String,
    /// What helps.
    pub help: String,
    /// radio, tick, select, text, number, tel, code or file.
    pub way: &'static str,
    /// Choices: value, label, whether it is on.
    pub choices: Vec<(String, String, bool)>,
    /// What stands in it.
    pub value: String,
    /// What is wrong with it; empty for nothing.
    pub slip: String,
}

/// One page.
#[derive(Clone, Debug, Default)]
pub struct StepView {
    /// Number of the draft.
    pub no: i64,
    /// The word of the question in an address.
    pub key: String,
    /// The question.
    pub title: String,
    /// What helps.
    pub help: String,
    /// Text to read, such as the one that is signed.
    pub lines: Vec<String>,
    /// What to fill in.
    pub picks: Vec<Pick>,
    /// What was filled in: label, value, and the word of its question or the number to take out.
    pub rows: Vec<(String, String, String)>,
    /// Which question of how many.
    pub at: usize,
    /// How many there are as things stand.
    pub of: usize,
    /// The question before.
    pub before: Option<String>,
    /// What is wrong in general.
    pub problem: String,
    /// Whether files are sent.
    pub uploads: bool,
    /// The word of the form.
    pub form_key: String,
}

impl StepView {
    /// Everything that is wrong: the field and what to do.
    #[must_use]
    pub fn slips(&self) -> Vec<(&str, &str)> {
        let of = self.picks.iter().filter(|pick| !pick.slip.is_empty());
        of.map(|pick| (pick.name.as_str(), pick.slip.as_str()))
            .collect()
    }

    pub(super) fn slip(&mut self, name: &str, said: impl Into<String>) {
        if let Some(pick) = self.picks.iter_mut().find(|pick| pick.name == name) {
            pick.slip = said.into();
        } else {
            self.problem = said.into();
        }
    }
}

/// What became of a page that was sent.
pub enum TakenStep {
    /// The next question.
    Go(String),
    /// The same page, with what is wrong.
    Again(Box<StepView>),
}

/// The page of a question; without one, of the first that is not answered.
///
/// # Errors
/// No such draft of the writer's, or no such question.
pub async fn show(access: &Access, writer: &Writer, no: i64, key: &str) -> Done<StepView> {
    let office = access.office();
    let held = held(office, writer, no).await?;
    let subject = subject(office, writer, &held.content).await?;
    looked_at(office, writer, &subject).await?;
    let plan = steps::plan(office, writer, &held.content, &subject).await?;
    let wanted = match key {
        "" => steps::next(&plan, &held.content),
        key => key.to_owned(),
    };
    view(office, (&held, &subject), &plan, &wanted).await
}

/// An official who fills in somebody's application looks at a household of the register: that is written down
/// before anything of it is shown.
pub(super) async fn looked_at(office: &Office, writer: &Writer, subject: &Subject) -> Done<()> {
    let Writer::Worker(who) = writer else {
        return Ok(());
    };
    match (subject.household, subject.person) {
        (Some(home), _) => note_read::household(office, who, home.get()).await?,
        (None, Some(person)) => note_read::person(office, who, person.get()).await?,
        (None, None) => {}
    }
    Ok(())
}

pub(super) async fn view(
    office: &Office,
    (held, subject): (&Held, &Subject),
    plan: &[Step],
    key: &str,
) -> Done<StepView> {
    let place = plan.iter().position(|step| step.key() == key);
    let none = || CaseError::NotFound("没有这一题;请回到申请的开头".to_owned());
    let place = place.ok_or_else(none)?;
    let step = plan.get(place).ok_or_else(none)?;
    let before = place.checked_sub(1).and_then(|at| plan.get(at));
    let mut view = StepView {
        no: held.draft.no,
        key: step.key(),
        at: place.saturating_add(1),
        of: plan.len(),
        before: before.map(Step::key),
        form_key: held.draft.form_key.clone(),
        ..StepView::default()
    };
    let content = &held.content;
    match step {
        Step::What => what(office, content, &mut view),
        Step::Who => who(office, content, &mut view).await?,
        Step::Family => family(office, content, subject, &mut view).await?,
        Step::Member => member(office, content, &mut view),
        Step::Whom(programme, title) => {
            whom(office, (content, subject), (programme, title), &mut view).await?;
        }
        Step::Fact(lack) => fact(office, content, lack, &mut view).await?,
        Step::Paper(name) => paper(office, held, name, &mut view).await?,
        Step::Consent => consent(office, held, &mut view)?,
        Step::Assent => assent(office, held, &mut view).await?,
        Step::Check => check(office, held, plan, &mut view).await?,
    }
    Ok(view)
}

fn what(office: &Office, content: &Content, view: &mut StepView) {
    "您想申请哪一项?".clone_into(&mut view.title);
    "可以选几项,材料只交一次。不知道选哪项,先用“我能申请什么”看看。".clone_into(&mut view.help);
    let today = office.clock.today();
    let program = office.rules_on(today);
    let files = program.files.iter();
    let open = files.filter(|file| office.admission(&file.id, today).is_some());
    let choice = |file: &rules::plan::FilePlan| {
        let on = content.programmes.contains(&file.id);
        (file.id.clone(), file.title.clone(), on)
    };
    view.picks.push(Pick {
        name: "programme".to_owned(),
        way: "tick",
        choices: open.map(choice).collect(),
        ..Pick::default()
    });
}

fn text(name: &str, label: &str, value: &str) -> Pick {
    Pick {
        name: name.to_owned(),
        label: label.to_owned(),
        way: "text",
        value: value.to_owned(),
        ..Pick::default()
    }
}

/// The villages, each with its township, as a list to choose from.
pub(super) async fn villages(office: &Office, chosen: &str) -> Done<Pick> {
    let today = office.clock.today();
    let areas = match office.home().await? {
        Some(home) => store::areas::list_inside(&office.store, &home.code, today).await?,
        None => Vec::new(),
    };
    let named = |code: domain::AreaCode| {
        let found = areas.iter().find(|area| area.code == code);
        found.map_or_else(String::new, |area| area.name.clone())
    };
    let village = areas.iter().filter(|area| area.level == AreaLevel::Village);
    let choices = village.map(|area| {
        let township = area
            .code
            .at(AreaLevel::Township)
            .map_or_else(String::new, named);
        let code = area.code.as_str().to_owned();
        let on = code == chosen;
        (code, format!("{township} {}", area.name), on)
    });
    Ok(Pick {
        name: "area".to_owned(),
        label: "住在哪个村(社区)".to_owned(),
        way: "select",
        choices: choices.collect(),
        ..Pick::default()
    })
}

async fn who(office: &Office, content: &Content, view: &mut StepView) -> Done<()> {
    "谁来申请?".clone_into(&mut view.title);
    "写申请人自己的,和身份证上一样。".clone_into(&mut view.help);
    view.picks.push(text("name", "姓名", &content.who.name));
    view.picks
        .push(text("number", "身份证号", &content.who.number));
    view.picks.push(villages(office, &content.who.area).await?);
    Ok(())
}

async fn family(
    office: &Office,
    content: &Content,
    subject: &Subject,
    view: &mut StepView,
) -> Done<()> {
    "登记里和您一户的,哪些人现在一起生活?".clone_into(&mut view.title);
    "不在一起生活的不勾。姓名遮住了一部分。".clone_into(&mut view.help);
    let ids: Vec<_> = subject.others.iter().map(|(person, _)| *person).collect();
    let masked = store::identity::masked(&office.store, &ids).await?;
    let choice = |(person, relation): &(domain::PersonId, Relation)| {
        let name = masked.get(person).and_then(|m| m.name.clone());
        let name = name.unwrap_or_else(|| "姓名未登记".to_owned());
        let on = content.household.contains(&person.get());
        (
            person.to_string(),
            format!("{name}({})", relation.name()),
            on,
        )
    };
    view.picks.push(Pick {
        name: "person".to_owned(),
        way: "tick",
        choices: subject.others.iter().map(choice).collect(),
        ..Pick::default()
    });
    Ok(())
}

fn member(office: &Office, content: &Content, view: &mut StepView) {
    "还有别的家人一起生活吗?".clone_into(&mut view.title);
    "户口不在一起、但是一起生活的也要写。替孩子、老人申请的,不在一起生活的父母、子女也写上。没有了就选“没有了”。".clone_into(&mut view.help);
    let today = office.clock.today();
    for (at, one) in content.members.iter().enumerate() {
        let number = Some(&one.number).filter(|number| !number.is_empty());
        let said = match number.and_then(|number| born(number, today)) {
            Some((birth, sex)) => {
                let sex = match sex {
                    domain::Sex::Male => "男",
                    domain::Sex::Female => "女",
                };
                format!("{} · {sex} · 出生 {birth}", one.relation)
            }
            None => one.relation.clone(),
        };
        let name = format!("{} {}", one.called(), one.shown());
        view.rows.push((name, said, at.to_string()));
    }
    let choices = [("yes", "还有一位"), ("no", "没有了")];
    view.picks.push(Pick {
        name: "more".to_owned(),
        label: "还有吗".to_owned(),
        way: "radio",
        choices: choices
            .map(|(value, label)| (value.to_owned(), label.to_owned(), false))
            .to_vec(),
        ..Pick::default()
    });
    view.picks.push(text("name", "家人的姓名", ""));
    view.picks.push(text("number", "家人的身份证号", ""));
    view.picks.push(Pick {
        name: "birth".to_owned(),
        label: "还没有身份证号的,写出生日期".to_owned(),
        help: "新生儿等还没有号码的,上面写“无”,这里写 2026-09-14 这样的日期;不知道的写“不详”。有号码的不用写。"
            .to_owned(),
        ..text("birth", "", "")
    });
    let outside = "不在一起生活(如服刑、失联的父母,外出的子女):下面写是被申请的那一位的什么人";
    view.picks.push(Pick {
        name: "outside".to_owned(),
        way: "tick",
        choices: vec![(OUTSIDE.to_owned(), outside.to_owned(), false)],
        ..Pick::default()
    });
    let relations = Relation::ALL.iter().filter(|one| **one != Relation::Head);
    view.picks.push(Pick {
        name: "relation".to_owned(),
        label: "是您的什么人".to_owned(),
        way: "select",
        choices: relations
            .map(|one| (one.name().to_owned(), one.name().to_owned(), false))
            .collect(),
        ..Pick::default()
    });
}

async fn fact(
    office: &Office,
    content: &Content,
    lack: &residents::Lack,
    view: &mut StepView,
) -> Done<()> {
    let held = content.answers.get(&field(&lack.fact, lack.person));
    let whose = match lack.person {
        Some(person) => {
            let masked = store::identity::masked(&office.store, &[person]).await?;
            let name = masked.get(&person).and_then(|m| m.name.clone());
            format!("{}:", name.unwrap_or_else(|| "姓名未登记".to_owned()))
        }
        None => String::new(),
    };
    view.title = format!("{whose}{}?", lack.words);
    view.help.clone_from(&lack.help);
    let on = |value: &str| held.is_some_and(|held| held == value);
    let mut choices: Vec<(String, String, bool)> = lack
        .choices
        .iter()
        .map(|one| (one.clone(), one.clone(), on(one)))
        .collect();
    let unsure = (NOT_SURE.to_owned(), "不清楚".to_owned(), on(NOT_SURE));
    if choices.is_empty() {
        let value = held.filter(|held| *held != NOT_SURE);
        view.picks.push(Pick {
            name: "answer".to_owned(),
            label: lack.words.clone(),
            way: if lack.number { "number" } else { "text" },
            value: value.cloned().unwrap_or_default(),
            ..Pick::default()
        });
        view.picks.push(Pick {
            name: "unsure".to_owned(),
            way: "tick",
            choices: vec![unsure],
            ..Pick::default()
        });
    } else {
        choices.push(unsure);
        view.picks.push(Pick {
            name: "answer".to_owned(),
            label: lack.words.clone(),
            way: "radio",
            choices,
            ..Pick::default()
        });
    }
    Ok(())
}

/// What a draft's pictures belong to.
pub(super) fn about(no: i64) -> PhotoAbout {
    PhotoAbout::new(AboutKind::Draft, no)
}

/// The pictures of a paper that are there already.
async fn kept(office: &Office, draft: i64, label: &str, view: &mut StepView) -> Done<()> {
    for photo in photos::of(office, &office.store, &about(draft)).await? {
        if photo.label == label {
            view.rows.push((photo.what, photo.at, photo.no.to_string()));
        }
    }
    Ok(())
}

async fn paper(office: &Office, held: &Held, name: &str, view: &mut StepView) -> Done<()> {
    view.title = format!("拍一张“{name}”");
    "拍清楚四个角和字。照片只用来办这一件事;拍照的地点信息会去掉。".clone_into(&mut view.help);
    view.uploads = true;
    kept(office, held.draft.no, name, view).await?;
    view.picks.push(Pick {
        name: "photo".to_owned(),
        label: match view.rows.is_empty() {
            true => format!("“{name}”的照片"),
            false => format!("再加一张“{name}”的照片"),
        },
        way: "file",
        ..Pick::default()
    });
    let later = ("later".to_owned(), "现在没有,以后再交".to_owned(), false);
    view.picks.push(Pick {
        name: "later".to_owned(),
        way: "tick",
        choices: vec![later],
        ..Pick::default()
    });
    Ok(())
}

/// The field of who agrees to be handed letters by reading them.
pub(super) const READS: &str = "reads";

fn consent(office: &Office, held: &Held, view: &mut StepView) -> Done<()> {
    let content = &held.content;
    let book = PortalBook::of(office)?;
    "核对授权".clone_into(&mut view.title);
    "签了字,才能向部门核对您家的情况。成年的家人由本人另外签;未成年的由您代签。可以随时撤回。"
        .clone_into(&mut view.help);
    view.lines = book.consent_paragraphs(office);
    let version = crate::verification::book(office)?.consent_version;
    let on = content
        .signed
        .as_ref()
        .is_some_and(|(known, _)| *known == version);
    let agree = ("yes".to_owned(), "我看过了,同意授权".to_owned(), on);
    view.picks.push(Pick {
        name: "agree".to_owned(),
        way: "tick",
        choices: vec![agree],
        ..Pick::default()
    });
    // Nobody agrees to it for another.
    let own = held.draft.owner.0 == store::portal::Owner::Resident;
    if own && online::is_offered(office) {
        let said = "同意网上送达:决定和告知书我登录“我的办件”打开看,打开就是送达(可以不勾)";
        view.picks.push(Pick {
            name: READS.to_owned(),
            label: "怎样送告知书".to_owned(),
            way: "tick",
            choices: vec![("yes".to_owned(), said.to_owned(), content.reads)],
            ..Pick::default()
        });
    }
    Ok(())
}

async fn assent(office: &Office, held: &Held, view: &mut StepView) -> Done<()> {
    "申请人本人同意代办".clone_into(&mut view.title);
    "把授权书念给本人听。登记里有本人手机号、收得到短信的,输本人的验证码;别的都拍下本人签了字的纸。"
        .clone_into(&mut view.help);
    view.uploads = true;
    kept(office, held.draft.no, ASSENT_PAPER, view).await?;
    let done = match &held.content.assent {
        Some(Assent::Code) => "已用本人手机验证码同意",
        Some(Assent::Paper) => "已拍下本人签字的纸",
        None => "",
    };
    if !done.is_empty() {
        view.lines.push(done.to_owned());
    }
    let mut phone = text("phone", "本人的手机号", "");
    phone.way = "tel";
    view.picks.push(phone);
    let mut code = text("code", "本人收到的验证码", "");
    code.way = "code";
    view.picks.push(code);
    view.picks.push(Pick {
        name: "photo".to_owned(),
        label: "或者:本人签了字的纸".to_owned(),
        way: "file",
        ..Pick::default()
    });
    Ok(())
}

async fn check(office: &Office, held: &Held, plan: &[Step], view: &mut StepView) -> Done<()> {
    "核对您的回答".clone_into(&mut view.title);
    "看一遍,不对的点“改”。确认以后交出。".clone_into(&mut view.help);
    let content = &held.content;
    let program = office.rules_on(office.clock.today());
    let kept = photos::of(office, &office.store, &about(held.draft.no)).await?;
    for step in plan {
        let (label, value) = match step {
            Step::What => {
                let title = |id: &String| {
                    let file = program.files.iter().find(|file| file.id == *id);
                    file.map_or_else(|| id.clone(), |file| file.title.clone())
                };
                let all: Vec<String> = content.programmes.iter().map(title).collect();
                ("申请".to_owned(), all.join("、"))
            }
            Step::Who => {
                let who = &content.who;
                let said = format!("{} {}", mask_name(&who.name), mask_number(&who.number));
                ("申请人".to_owned(), said)
            }
            Step::Family => {
                let masked = store::identity::masked(&office.store, &ticked(content)).await?;
                let mut names: Vec<String> = masked.into_values().filter_map(|m| m.name).collect();
                names.sort();
                let said = match names.is_empty() {
                    true => "没有".to_owned(),
                    false => names.join("、"),
                };
                ("一起生活的".to_owned(), said)
            }
            Step::Member => {
                let names: Vec<String> = content.members.iter().map(Member::called).collect();
                let said = match names.is_empty() {
                    true => "没有".to_owned(),
                    false => names.join("、"),
                };
                ("别的家人".to_owned(), said)
            }
            Step::Whom(programme, title) => {
                let said = named(office, content, programme).await?;
                (format!("《{title}》给谁"), said)
            }
            Step::Fact(lack) => {
                let value = content.answers.get(&field(&lack.fact, lack.person));
                let said = match value.map(String::as_str) {
                    None => "还没有回答",
                    Some(NOT_SURE) => "不清楚",
                    Some(value) => value,
                };
                (lack.words.clone(), said.to_owned())
            }
            Step::Paper(name) => {
                let count = kept.iter().filter(|photo| photo.label == *name).count();
                let said = match count {
                    0 => "以后再交".to_owned(),
                    count => format!("照片 {count} 张"),
                };
                (name.clone(), said)
            }
            Step::Consent => {
                let said = match &content.signed {
                    Some((version, at)) => format!("已签 {at} · 版本 {version}"),
                    None => "没有签".to_owned(),
                };
                ("核对授权".to_owned(), said)
            }
            Step::Assent => {
                let said = match &content.assent {
                    Some(Assent::Code) => "本人验证码",
                    Some(Assent::Paper) => "本人签字的纸",
                    None => "还没有",
                };
                ("本人同意代办".to_owned(), said.to_owned())
            }
            Step::Check => continue,
        };
        view.rows.push((label, value, step.key()));
    }
    Ok(())
}
