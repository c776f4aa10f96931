//! What becomes of a page that was sent: each answer is kept at once, and what is wrong comes back in place.

use super::apply::{Filled, Form, READS, StepView, TakenStep, about, looked_at, view};
use super::claim::checked;
use super::draft::{Assent, Content, Held, Member, OUTSIDE, held, keep, note};
use super::pictures::{ASSENT_PAPER, take_out};
use super::sign_in::{PortalError, give_code, right_code};
use super::steps::{self, Step, Subject, field, subject};
use super::whom::take_whom;
use super::{Writer, claim, mobile};
use crate::access::Access;
use crate::casework::people::{self, KnownBy};
use crate::casework::{CaseError, Done, kin, residents};
use crate::guide::NOT_SURE;
use crate::office::Office;
use crate::photos::{self, NewPhoto, PhotoRole};
use domain::Relation;
use store::Act;
use store::portal::{CodeFor, PhoneToken};
use store::tokens::Tokeniser;

/// Members who are not in the register's household.
const MEMBERS_MAX: usize = 29;
/// Longest name that is kept.
const NAME_CHARS_MAX: usize = 40;

/// Takes what was sent with a page.
///
/// # Errors
/// No such draft of the writer's, no such question, or the record.
pub async fn take(
    access: &Access,
    writer: &Writer,
    no: i64,
    (key, form): (&str, Form),
) -> Done<TakenStep> {
    let office = access.office();
    let mut held = held(office, writer, no).await?;
    let subject_was = subject(office, writer, &held.content).await?;
    let plan = steps::plan(office, writer, &held.content, &subject_was).await?;
    let mut view = view(office, (&held, &subject_was), &plan, key).await?;
    let step = plan.iter().find(|step| step.key() == key).cloned();
    let Some(step) = step else {
        return Err(CaseError::NotFound("没有这一题".to_owned()));
    };
    refill(&mut view, &form);
    if let (Step::Paper(_) | Step::Assent, Ok(photo)) = (&step, form.get("drop").parse()) {
        let (at, of) = ((no, key), (photo, &mut held.content));
        take_out(office, writer, at, of).await?;
        keep(office, writer, &held).await?;
        return Ok(TakenStep::Go(key.to_owned()));
    }
    let who_was = (
        held.content.who.name.clone(),
        held.content.who.number.clone(),
    );
    let good = match &step {
        Step::What => take_what(office, &form, &mut held.content, &mut view),
        Step::Who => take_who(office, writer, &form, (&mut held.content, &mut view)).await?,
        Step::Family => take_family(&subject_was, &form, &mut held.content),
        Step::Member => take_member(office, &form, &mut held.content, &mut view),
        Step::Whom(programme, _) => take_whom(
            &form,
            &subject_was,
            programme,
            (&mut held.content, &mut view),
        ),
        Step::Fact(lack) => take_fact(office, lack, &form, (&mut held.content, &mut view)),
        Step::Paper(name) => {
            let kept = !view.rows.is_empty();
            take_paper(office, writer, (&held, name), (&form, kept), &mut view).await?
        }
        Step::Consent => {
            held.content.reads = form.get(READS) == "yes" && matches!(writer, Writer::Resident(_));
            take_consent(office, &form, &mut held.content, &mut view)?
        }
        Step::Assent => {
            let page = (&mut held, &mut view);
            take_assent(access, writer, (&form, &subject_was), page).await?
        }
        Step::Check => true,
    };
    if !good {
        return Ok(TakenStep::Again(Box::new(view)));
    }
    let who_is = (
        held.content.who.name.as_str(),
        held.content.who.number.as_str(),
    );
    if who_is != (who_was.0.as_str(), who_was.1.as_str()) {
        drop_photos(office, writer, held.draft.no).await?;
    }
    // Another one of the family: the page is shown again, empty.
    let again = step == Step::Member && form.get("more") != "no";
    if !again {
        held.content.is_done(key);
    }
    keep(office, writer, &held).await?;
    if again {
        return Ok(TakenStep::Go(steps::MEMBER.to_owned()));
    }
    let subject = subject(office, writer, &held.content).await?;
    if step == Step::Who {
        looked_at(office, writer, &subject).await?;
    }
    let plan = steps::plan(office, writer, &held.content, &subject).await?;
    Ok(TakenStep::Go(steps::next(&plan, &held.content)))
}

/// What was typed stands in the page again.
fn refill(view: &mut StepView, form: &Form) {
    for pick in &mut view.picks {
        let sent = form.all(&pick.name);
        for (value, _, on) in &mut pick.choices {
            *on = sent.iter().any(|one| one == value);
        }
        if pick.choices.is_empty() && pick.way != "file" && pick.way != "code" {
            pick.value = sent.into_iter().next().unwrap_or_default();
        }
    }
}

fn take_what(office: &Office, form: &Form, content: &mut Content, view: &mut StepView) -> bool {
    let today = office.clock.today();
    let chosen = form.all("programme").into_iter();
    let chosen: Vec<String> = chosen
        .filter(|id| office.admission(id, today).is_some())
        .collect();
    if chosen.is_empty() {
        view.slip("programme", "请至少选一项");
        return false;
    }
    content.programmes = chosen;
    true
}

async fn take_who(
    office: &Office,
    writer: &Writer,
    form: &Form,
    (content, view): (&mut Content, &mut StepView),
) -> Done<bool> {
    let typed = (form.get("name"), form.get("number"), form.get("area"));
    match checked(office, typed).await {
        Ok((name, number, area)) => {
            if let Writer::Worker(who) = writer {
                let scope = who.scope(crate::access::Right::CASE_ASSIST)?;
                if !scope.contains(&area) {
                    view.slip("area", "这个村(社区)不归您管,请选您辖区里的");
                    return Ok(false);
                }
            }
            let new = claim::Claim {
                name,
                number: number.as_str().to_owned(),
                area: area.as_str().to_owned(),
            };
            if new.number != content.who.number || new.name != content.who.name {
                // What one person answered, signed and agreed to is nobody else's.
                *content = Content {
                    programmes: std::mem::take(&mut content.programmes),
                    warning: content.warning,
                    ..Content::default()
                };
                content.is_done(steps::WHAT);
            }
            content.who = new;
            Ok(true)
        }
        Err(CaseError::Refused(said)) => {
            let at = match &said {
                said if said.contains("身份证") => "number",
                said if said.contains("村") => "area",
                _ => "name",
            };
            view.slip(at, said);
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

fn take_family(subject: &Subject, form: &Form, content: &mut Content) -> bool {
    let sent = form.all("person");
    let ids = subject.others.iter().map(|(person, _)| person.get());
    content.household = ids
        .filter(|id| sent.iter().any(|one| *one == id.to_string()))
        .collect();
    // What was said about somebody who is left out is said no longer, and asked again if they come back.
    let mut family = content.household.clone();
    family.extend(subject.person.map(domain::PersonId::get));
    steps::keep_only(content, &family);
    true
}

fn take_member(office: &Office, form: &Form, content: &mut Content, view: &mut StepView) -> bool {
    if let Ok(at) = form.get("drop").parse::<usize>() {
        if at < content.members.len() {
            content.members.remove(at);
        }
        return true;
    }
    let (name, number) = (form.get("name"), form.get("number"));
    let relation = form.get("relation");
    let nothing = name.is_empty() && number.is_empty() && form.get("birth").is_empty();
    match form.get("more") {
        "no" if nothing => return true,
        "yes" => {}
        "no" => {
            let said = "下面填了一位家人:要加上就选“还有一位”,不要就把姓名和号码删掉";
            view.slip("more", said);
            return false;
        }
        _ => {
            view.slip("more", "请选“还有一位”或者“没有了”");
            return false;
        }
    }
    if name.is_empty() {
        view.slip("name", "请填家人的姓名");
    } else if name.chars().count() > NAME_CHARS_MAX {
        view.slip("name", "姓名太长,请核对");
    }
    // As the window takes them: by the number, or by the day of birth of whoever has none yet.
    let parsed = match (number.is_empty(), form.get("birth")) {
        (true, "") => {
            view.slip("number", "请填家人的身份证号");
            None
        }
        (_, birth) => match people::known_by((number, birth), office.clock.today()) {
            Ok(known) => Some(known),
            // What the window says of a missing column is no help on a telephone.
            Err((people::NUMBER, _)) if birth.is_empty() && people::has_none(number) => {
                view.slip("birth", "还没有身份证号的,请写出生日期;不知道的写“不详”");
                None
            }
            Err((column, said)) => {
                let field = match column {
                    people::BIRTH => "birth",
                    _ => "number",
                };
                view.slip(field, said);
                None
            }
        },
    };
    if Relation::parse(relation).is_none() {
        view.slip("relation", "请选是您的什么人");
    }
    let outside = form.all("outside").iter().any(|one| one == OUTSIDE);
    if outside && !kin::may_be(office, relation) {
        view.slip(
            "relation",
            "不在一起生活的,只写被申请的那一位的父母、配偶、子女",
        );
    }
    let typed = parsed.map(|known| Member {
        outside,
        ..member_of(name, known, relation)
    });
    if let Some(typed) = &typed {
        let twice = |one: &Member| match typed.number.as_str() {
            "" => one.number.is_empty() && one.name == typed.name && one.birth == typed.birth,
            number => one.number == number,
        };
        let own = !typed.number.is_empty() && typed.number == content.who.number;
        if own || content.members.iter().any(twice) {
            view.slip("number", "这一位已经填过了");
        }
    }
    if content.members.len() >= MEMBERS_MAX {
        view.slip("more", "家人太多了,请到窗口办");
    }
    if !view.slips().is_empty() {
        return false;
    }
    content.members.extend(typed);
    true
}

fn member_of(name: &str, known: KnownBy, relation: &str) -> Member {
    let (number, birth) = match known {
        KnownBy::Number(number) => (number.as_str().to_owned(), String::new()),
        KnownBy::Birth(Some(day)) => (String::new(), day.to_string()),
        KnownBy::Birth(None) => (String::new(), people::NOT_KNOWN.to_owned()),
    };
    Member {
        name: name.to_owned(),
        number,
        relation: relation.to_owned(),
        birth,
        outside: false,
    }
}

fn take_fact(
    office: &Office,
    lack: &residents::Lack,
    form: &Form,
    (content, view): (&mut Content, &mut StepView),
) -> bool {
    let unsure = form.get("unsure") == NOT_SURE;
    let answer = form.get("answer");
    let value = match (unsure, answer) {
        (true, _) | (_, NOT_SURE) => NOT_SURE,
        (false, "") => {
            view.slip("answer", "还没有回答;不知道就选“不清楚”");
            return false;
        }
        (false, value) => value,
    };
    if value != NOT_SURE
        && let Some(said) = residents::slip(office, &lack.fact, value)
    {
        view.slip("answer", said);
        return false;
    }
    if crate::casework::leaks(value) {
        view.slip("answer", "这里不要写证件号、手机号");
        return false;
    }
    let key = field(&lack.fact, lack.person);
    content.answers.insert(key, value.to_owned());
    true
}

async fn take_paper(
    office: &Office,
    writer: &Writer,
    (held, name): (&Held, &str),
    (form, kept): (&Form, bool),
    view: &mut StepView,
) -> Done<bool> {
    let sent: Vec<&Filled> = form.files.iter().filter(|f| !f.bytes.is_empty()).collect();
    if sent.is_empty() {
        let good = kept || form.get("later") == "later";
        if !good {
            view.slip("photo", "请拍一张照片;现在没有,就勾“现在没有,以后再交”");
        }
        return Ok(good);
    }
    match keep_photos(office, writer, held.draft.no, (name, &sent)).await? {
        Ok(()) => Ok(true),
        Err(said) => {
            view.slip("photo", said);
            Ok(false)
        }
    }
}

/// The pictures of a draft are another person's: they belong to it no longer.
async fn drop_photos(office: &Office, writer: &Writer, draft: i64) -> Done<()> {
    let kept = photos::of(office, &office.store, &about(draft)).await?;
    if kept.is_empty() {
        return Ok(());
    }
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    for photo in &kept {
        store::photos::end(&mut tx, &at, &writer.actor(), photo.no, "换了申请人").await?;
    }
    let act = Act::new(&at, writer.actor(), "draft.photos-dropped").on("draft", draft);
    tx.record(act.because("换了申请人"));
    tx.commit().await?;
    Ok(())
}

/// Keeps pictures with a draft; what cannot be taken is told.
async fn keep_photos(
    office: &Office,
    writer: &Writer,
    draft: i64,
    (label, sent): (&str, &[&Filled]),
) -> Done<Result<(), String>> {
    let (place, under) = (about(draft), format!("draft:{draft}"));
    // All of them before the first is kept: what is refused leaves nothing behind.
    let files = sent.iter().map(|one| one.bytes.clone()).collect();
    let files = match photos::looked(office, &place, files).await {
        Ok(files) => files,
        Err(error) => return told(error.into()),
    };
    let mut tx = office.store.write().await?;
    for (one, bytes) in sent.iter().zip(files) {
        let new = NewPhoto {
            about: &place,
            under: &under,
            role: PhotoRole::Paper,
            label,
            name: &one.name,
            said_at: "",
            bytes,
        };
        if let Err(error) = photos::keep(office, &mut tx, &writer.actor(), new).await {
            return told(error.into());
        }
    }
    note(&mut tx, office, writer, draft);
    tx.commit().await?;
    Ok(Ok(()))
}

/// What somebody can mend is told them; the machine's own trouble is an error.
fn told(error: CaseError) -> Done<Result<(), String>> {
    match error {
        CaseError::Refused(said) => Ok(Err(said)),
        error => Err(error),
    }
}

fn take_consent(
    office: &Office,
    form: &Form,
    content: &mut Content,
    view: &mut StepView,
) -> Done<bool> {
    if form.get("agree") != "yes" {
        view.slip("agree", "没有同意授权就不能核对,也就不能办;请看过以后勾上");
        return Ok(false);
    }
    let version = crate::verification::book(office)?.consent_version;
    if content.signed.as_ref().map(|(known, _)| known) != Some(&version) {
        content.signed = Some((version, office.clock.minute()));
    }
    Ok(true)
}

async fn take_assent(
    access: &Access,
    writer: &Writer,
    (form, subject): (&Form, &Subject),
    (held, view): (&mut Held, &mut StepView),
) -> Done<bool> {
    let office = access.office();
    let sent: Vec<&Filled> = form.files.iter().filter(|f| !f.bytes.is_empty()).collect();
    if !sent.is_empty() {
        let named = (ASSENT_PAPER, sent.as_slice());
        let kept = keep_photos(office, writer, held.draft.no, named).await?;
        return Ok(match kept {
            Ok(()) => {
                held.content.assent = Some(Assent::Paper);
                held.content.assent_phone = None;
                true
            }
            Err(said) => {
                view.slip("photo", said);
                false
            }
        });
    }
    let Some(phone) = mobile(form.get("phone")) else {
        if held.content.assent.is_some() && form.get("phone").is_empty() {
            return Ok(true);
        }
        view.slip("phone", "请填本人的手机号,11 位数字;或者拍下签了字的纸");
        return Ok(false);
    };
    let token = Tokeniser::of(&office.store).phone(&phone);
    let own = is_own_phone(office, subject, token).await?;
    let act = Act::new(&office.clock.at(), writer.actor(), "draft.assent-phone");
    let act = act.on("draft", held.draft.no);
    let told = format!("{{\"registered\":{own}}}");
    office.store.record_alone(act.carrying(told)).await?;
    if !own {
        let said = "这个号码不是登记里本人的手机号,验证码不算;请拍下本人签了字的纸";
        view.slip("phone", said);
        return Ok(false);
    }
    if form.get("go") == "code" {
        let said =
            "有工作人员帮您代办救助申请、代您同意核对授权。同意的话,把这个验证码告诉当面的人:";
        let given = give_code(access, (&phone, CodeFor::Assist), &form.origin, said).await;
        match given {
            Ok(()) => view.problem = "验证码已发到本人手机,请填在下面".to_owned(),
            Err(PortalError::Office(error)) => return Err(error),
            Err(error) => view.slip("phone", error.to_string()),
        }
        return Ok(false);
    }
    match right_code(access, (&phone, CodeFor::Assist), form.get("code")).await {
        Ok(true) => {
            held.content.assent = Some(Assent::Code);
            held.content.assent_phone = Some(token);
            Ok(true)
        }
        Ok(false) => {
            view.slip("code", PortalError::Refused.to_string());
            Ok(false)
        }
        Err(PortalError::Office(error)) => Err(error),
        Err(error) => {
            view.slip("code", error.to_string());
            Ok(false)
        }
    }
}

/// Whether a telephone is the one the register has of whoever applies, and of nobody else.
pub(super) async fn is_own_phone(
    office: &Office,
    subject: &Subject,
    token: PhoneToken,
) -> Done<bool> {
    let Some(person) = subject.person else {
        return Ok(false);
    };
    let store = &office.store;
    let known = store::portal::own_phone(store, person).await?;
    Ok(known.is_some_and(|known| Tokeniser::of(store).phone(&known) == token))
}
