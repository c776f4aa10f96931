//! 谁看过、谁改过: entries of the chain in an official's words, and whether the record is what was written.
//! An entry tells who, when, what and why, never what was seen.

use super::{Access, Acting, Right, home_within};
use crate::error::Result;
use crate::office::Office;
use crate::views::ViewError;
use domain::{HouseholdId, PersonId};
use std::collections::{BTreeMap, BTreeSet};
use store::Act;
use store::audit::{self, About, Entry};

/// Openings of a household that are shown.
const OPENINGS_SHOWN: u32 = 50;
/// Entries on a page of the journal.
const ROWS_ON_PAGE: u32 = 50;

/// One look at a household or at one of its people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpeningRow {
    /// When.
    pub at: String,
    /// Who: name and account.
    pub by: String,
    /// What was looked at.
    pub did: String,
    /// Why.
    pub purpose: String,
    /// What the purpose rests on.
    pub cause: String,
}

/// One entry of the chain.
#[derive(Clone, Debug)]
pub struct EntryRow {
    /// Its place in the chain.
    pub seq: i64,
    /// When.
    pub at: String,
    /// Who.
    pub by: String,
    /// What.
    pub did: String,
    /// On what.
    pub on: String,
    /// Why and on what it rests.
    pub why: String,
}

/// A page of the journal.
#[derive(Clone, Debug)]
pub struct JournalPage {
    /// Newest first.
    pub rows: Vec<EntryRow>,
    /// The place before which the next page begins.
    pub next: Option<i64>,
}

/// What a look at the chain and at every row has found.
#[derive(Clone, Debug)]
pub struct RowsChecked {
    /// Entries of the chain.
    pub entries: u64,
    /// Protected tables.
    pub tables: u64,
    /// Their rows.
    pub rows: u64,
    /// From which entry on something can have happened.
    pub since: String,
    /// What is wrong, one line each, without any value of a row.
    pub found: Vec<String>,
}

/// A whole county takes minutes: one look at a time.
static CHECKING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Writes into the chain that somebody looks; durable before the answer.
pub(crate) mod note_read {
    use super::{Act, Acting, HouseholdId, Office, Result};
    use store::cases::CaseState;
    use store::tasks::TaskState;
    use store::warnings::{Warning, WarningState};

    /// What is told of the open matters at a door, at most.
    const TOLD_MAX: usize = 4;

    /// A household's file, with what waited there: a look at a door where nothing waits is seen at once.
    pub(crate) async fn household(office: &Office, who: &Acting, id: i64) -> Result<()> {
        let because = waiting(office, id).await?;
        let read = act(office, who, "read.household").on("household", id);
        note(office, who, read.because(because)).await
    }

    /// What waits at a door, in words and by number, never what it is about.
    async fn waiting(office: &Office, id: i64) -> Result<String> {
        let (store, home) = (&office.store, HouseholdId::new(id));
        let mut told = Vec::new();
        for case in store::cases::of_household(store, home).await? {
            if case.state == CaseState::Open {
                told.push(format!("办件 № {}", case.no));
            }
        }
        for warning in store::warnings::of_household(store, home).await? {
            if warning.state == WarningState::Open {
                told.push(format!("预警 № {}", warning.id));
            }
        }
        for task in store::tasks::of_household(store, home).await? {
            if task.state == TaskState::Open {
                told.push(format!("任务 № {}", task.id));
            }
        }
        let all = told.len();
        told.truncate(TOLD_MAX);
        Ok(match all {
            0 => "这一户没有在办的事".to_owned(),
            _ if all > TOLD_MAX => format!("在办:{} 等 {all} 件", told.join("、")),
            _ => format!("在办:{}", told.join("、")),
        })
    }

    /// A person's file.
    pub(crate) async fn person(office: &Office, who: &Acting, id: i64) -> Result<()> {
        note(
            office,
            who,
            act(office, who, "read.person").on("person", id),
        )
        .await
    }

    /// Somebody found at the window: the household, or the person where there is none.
    pub(crate) async fn at_the_window(
        office: &Office,
        who: &Acting,
        (kind, id): (&str, i64),
    ) -> Result<()> {
        let read = act(office, who, &format!("read.{kind}")).on(kind, id);
        note(office, who, read.because("收件")).await
    }

    /// A warning, at its door where there is one.
    pub(crate) async fn warning(office: &Office, who: &Acting, warning: &Warning) -> Result<()> {
        let act = act(office, who, "read.warning").under(format!("warning:{}", warning.id));
        let act = match (warning.content.household, warning.content.person) {
            (Some(home), _) => act.on("household", home),
            (None, Some(person)) => act.on("person", person),
            (None, None) => act.on("warning", warning.id),
        };
        note(office, who, act).await
    }

    fn act(office: &Office, who: &Acting, what: &str) -> Act {
        Act::new(&office.clock.at(), who.login(), what)
    }

    async fn note(office: &Office, who: &Acting, act: Act) -> Result<()> {
        let channel = format!("{{\"channel\":\"{}\"}}", who.channel().word());
        Ok(office.store.record_alone(act.carrying(channel)).await?)
    }
}

impl Access {
    /// Writes into the chain that somebody asked for what they have no right to.
    ///
    /// # Errors
    /// The record cannot be written.
    pub async fn note_denied(&self, who: &Acting, right: Right) -> Result<()> {
        let act = self
            .act(who.login(), "access.denied")
            .on("right", right.code());
        Ok(self.office.store.record_alone(act).await?)
    }

    /// Who opened a household and its people, newest first.
    ///
    /// # Errors
    /// The right is missing, or the household is not one's own to see.
    pub async fn openings(
        &self,
        who: &Acting,
        household: i64,
    ) -> Result<Vec<OpeningRow>, ViewError> {
        let scope = who.scope(Right::OPENING)?;
        let store = &self.office.store;
        let id = HouseholdId::new(household);
        home_within(store, &scope, household).await?;
        let members = store::households::members(store, id).await?;
        let persons: BTreeSet<PersonId> = members.iter().map(|m| m.person).collect();
        let mut objects = vec![("household", household.to_string())];
        objects.extend(persons.iter().map(|person| ("person", person.to_string())));
        let mut entries: Vec<Entry> = Vec::new();
        for (kind, id) in objects {
            let about = About::Object {
                kind: kind.to_owned(),
                id,
            };
            entries.extend(audit::list(store, &about, i64::MAX, OPENINGS_SHOWN).await?);
        }
        entries.retain(|entry| did(&entry.act).is_some());
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.seq));
        entries.truncate(usize::try_from(OPENINGS_SHOWN).unwrap_or(usize::MAX));
        let names = self.names().await?;
        let mut out = Vec::new();
        for entry in entries {
            let mut did = did(&entry.act).unwrap_or_default().to_owned();
            if entry.act == "identity.reveal" {
                did = format!("{did}:{}", self.fields_of(&entry).await?);
            }
            out.push(OpeningRow {
                at: crate::desk::minute(&entry.at),
                by: named(&names, &entry.actor),
                did,
                purpose: entry.purpose.clone(),
                cause: entry.authority.clone(),
            });
        }
        Ok(out)
    }

    /// A page of the journal, of everybody or of one account.
    ///
    /// # Errors
    /// The right is missing, or the record cannot be read.
    pub async fn journal(
        &self,
        who: &Acting,
        actor: Option<&str>,
        household: Option<i64>,
        before: Option<i64>,
    ) -> Result<JournalPage, ViewError> {
        let about = match (actor.filter(|a| !a.is_empty()), household) {
            (Some(actor), _) => About::Actor(actor.to_owned()),
            (None, Some(household)) => About::Object {
                kind: "household".to_owned(),
                id: household.to_string(),
            },
            (None, None) => About::Everything,
        };
        self.journal_about(who, &about, before).await
    }

    /// A page of what was done with one person: who looked, who saw which number in full, and why.
    ///
    /// # Errors
    /// The right is missing, or the record cannot be read.
    pub async fn journal_of_person(
        &self,
        who: &Acting,
        person: i64,
        before: Option<i64>,
    ) -> Result<JournalPage, ViewError> {
        let about = About::Object {
            kind: "person".to_owned(),
            id: person.to_string(),
        };
        self.journal_about(who, &about, before).await
    }

    /// 逐行核对: the chain and every row of the protected tables; that somebody looked, and what came out,
    /// is an entry of its own. One at a time.
    ///
    /// # Errors
    /// The right is missing, somebody else's is still going on, or the record cannot be read.
    pub async fn check_rows(&self, who: &Acting) -> Result<RowsChecked, ViewError> {
        who.scope(Right::AUDIT)?;
        let Ok(_turn) = CHECKING.try_lock() else {
            let said = "有人正在核对,请过几分钟再来".to_owned();
            return Err(ViewError::NotAnswerable(said));
        };
        let verified = crate::audit::verify_against(&self.office, &[], None).await?;
        let (verdict, tables) = (&verified.verdict, &verified.tables);
        let mut found: Vec<String> = verdict
            .breaks
            .iter()
            .map(|b| format!("审计链第 {} 条:{}", b.seq, b.kind.name()))
            .collect();
        found.extend(
            (verified.heads.wrong_lines.iter())
                .map(|line| format!("库外存证第 {line} 行:不是用本库密钥签记的")),
        );
        found.extend(tables.findings.iter().map(crate::audit::said));
        if verified.is_whole() {
            crate::audit::note(&self.office, who.login()).await?;
        } else {
            let act = Act::new(&self.office.clock.at(), who.login(), "seal.found")
                .on("schema", store::newest_schema())
                .because("审计链和各表逐行核对,有不符")
                .carrying(found.join("\n"));
            self.office.store.record_alone(act).await?;
        }
        Ok(RowsChecked {
            entries: verdict.entries,
            tables: tables.tables,
            rows: tables.rows,
            since: crate::audit::since(tables),
            found,
        })
    }

    async fn journal_about(
        &self,
        who: &Acting,
        about: &About,
        before: Option<i64>,
    ) -> Result<JournalPage, ViewError> {
        who.scope(Right::AUDIT)?;
        let before = before.unwrap_or(i64::MAX);
        let entries = audit::list(&self.office.store, about, before, ROWS_ON_PAGE).await?;
        let full = entries.len() >= usize::try_from(ROWS_ON_PAGE).unwrap_or(usize::MAX);
        let next = entries.last().filter(|_| full).map(|entry| entry.seq);
        Ok(JournalPage {
            rows: self.entry_rows(&entries).await?,
            next,
        })
    }

    /// Entries of the chain in words.
    pub(crate) async fn entry_rows(&self, entries: &[Entry]) -> Result<Vec<EntryRow>> {
        let names = self.names().await?;
        let row = |entry: &Entry| EntryRow {
            seq: entry.seq,
            at: crate::desk::minute(&entry.at),
            by: named(&names, &entry.actor),
            did: did(&entry.act)
                .or_else(|| done(&entry.act))
                .map_or_else(|| entry.act.clone(), str::to_owned),
            on: object(&entry.object_kind, &entry.object_id),
            why: [entry.purpose.as_str(), entry.authority.as_str()]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" · "),
        };
        Ok(entries.iter().map(row).collect())
    }

    pub(super) async fn names(&self) -> Result<BTreeMap<String, String>> {
        let users = store::users::list(&self.office.store).await?;
        Ok(users.into_iter().map(|u| (u.login, u.name)).collect())
    }

    /// Which values were seen in full; what the entry carried may have been destroyed since.
    pub(super) async fn fields_of(&self, entry: &Entry) -> Result<String> {
        let payload = audit::payload(&self.office.store, entry.seq).await?;
        let value: serde_json::Value = payload
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        let words: Vec<&str> = value
            .get("fields")
            .and_then(|fields| fields.as_array())
            .into_iter()
            .flatten()
            .filter_map(|field| field.as_str())
            .map(|field| match field {
                "name" => "姓名",
                "id-number" => "身份证号",
                "phone" => "电话",
                "address" => "住址",
                "card" => "银行卡号",
                other => other,
            })
            .collect();
        Ok(words.join("、"))
    }
}

/// What a look is called; none where nobody looked.
pub(super) fn did(act: &str) -> Option<&'static str> {
    match act {
        "read.household" => Some("看家庭档案(遮盖)"),
        "read.person" => Some("看个人档案(遮盖)"),
        "read.warning" => Some("看预警(遮盖)"),
        "read.case" => Some("看办件(遮盖)"),
        "read.complaint" => Some("看投诉内容"),
        "read.visit" => Some("看走访表(遮盖)"),
        "read.ticket" => Some("看工单"),
        "identity.reveal" => Some("看完整"),
        _ => None,
    }
}

/// What an act is called.
fn done(act: &str) -> Option<&'static str> {
    Some(match act {
        "access.sign-in" => "登录",
        "access.password-good" => "口令对了,等输动态口令",
        "access.sign-in-refused" => "登录被拒",
        "access.sign-out" => "退出",
        "access.confirm" => "再次输口令确认",
        "access.session-end" => "结束会话",
        "access.session-at-machine" => "在本机开会话",
        "access.program-token" => "申请接口令牌",
        "access.password" => "改口令",
        "access.second-factor" => "绑定动态口令",
        "access.second-factor-offered" => "准备绑定动态口令",
        "access.account-add" => "建账号",
        "access.account-disable" => "停用账号",
        "access.account-enable" => "启用账号",
        "access.account-reset" => "重置口令",
        "access.role-grant" => "授予角色",
        "access.role-revoke" => "收回角色",
        "access.organisation-add" => "建机构",
        "access.recusal" => "近亲属备案",
        "access.recusal-end-ask" => "申请终止近亲属备案",
        "access.recusal-end" => "确认终止近亲属备案",
        "access.recusal-keep" => "不同意终止近亲属备案",
        "export.take" => "导出",
        "export.stop" => "想导出,要另一人同意",
        "export.ask" => "申请导出",
        "export.give-up" => "收回导出申请",
        "export.agree" => "同意导出",
        "export.refuse" => "不同意导出",
        "list.turn" => "翻看名单、查找",
        "list.stop" => "翻看名单、查找到了上限",
        "keeping.hold" => "暂停销毁",
        "keeping.end-hold" => "恢复销毁",
        "backup.make" => "整库备份",
        "backup.confirm" => "登记 PostgreSQL 备份",
        "access.denied" => "无权限,被拒",
        "areas.load" | "areas.import" => "导入区划",
        "intake.receive" => "接收来文",
        "intake.wait" => "来文等人确认",
        "intake.send-back" => "整批退回来文",
        "intake.undo" => "撤回来文",
        "application.take" => "收件",
        "application.join" => "家人并入申请",
        "person.take" => "登记人员",
        "household.take" => "登记住户",
        "clue.report" => "上报线索",
        "clue.close" => "了结线索",
        "monitoring.recount" => "往月重算",
        "visit.begin" => "开始走访",
        "visit.answer" => "填走访表",
        "visit.finish" => "办完走访",
        "warning.confirm" => "预警核实属实",
        "warning.dismiss" => "预警核实不属实",
        "case.open" => "立案",
        "case.complete" => "办完一步",
        "case.correct" => "一次性告知补正",
        "case.papers" => "登记材料",
        "case.send-back" => "退回",
        "case.pause" => "暂停时限",
        "case.resume" => "恢复办理",
        "case.circumstance" => "登记情形",
        "case.transfer" => "转办",
        "case.hand-over" => "移交",
        "case.found" => "经办查实",
        "case.first-help" => "先行救助决定",
        "urge.send" => "督办",
        "urge.answer" => "答复督办",
        "case.close" => "终止办理",
        "ticket.take" => "登记工单",
        "ticket.refer" => "转办工单",
        "ticket.answer" => "答复工单",
        "ticket.close" => "办结工单",
        "ticket.link" => "工单转为线索",
        "stay.admit" => "滞留入站登记",
        "stay.end" => "滞留结束",
        "stay.settle" => "办滞留安置任务",
        "find.push" => "政策找人推送",
        "find.answer" => "答复推送",
        "lookup.look" => "困难家庭查询",
        "lookup.effect" => "反馈救助效果",
        "lookup.explain" => "说明未先查询",
        "lookup.check" => "清查未查询先救助",
        "read.helps" => "看求助登记",
        "rulebook.propose" => "提出规则改动",
        "rulebook.check" => "查过规则改动",
        "rulebook.preview" => "预览规则改动",
        "rulebook.approve" => "批准影响预览",
        "rulebook.sign" => "签发规则",
        "rulebook.activate" => "规则生效",
        "rulebook.withdraw" => "撤回规则改动",
        "store.migrate" => "建库升级",
        "seal.begin" => "开始逐行加印",
        "seal.noted" => "逐行核对,无误",
        "seal.found" => "逐行核对,有不符",
        other => return of_residents(other),
    })
}

/// What an act is called by which residents' own affairs are handled.
fn of_residents(act: &str) -> Option<&'static str> {
    Some(match act {
        "resident.sign-in" => "居民登录",
        "resident.sign-out" => "居民退出",
        "resident.code" => "发验证码",
        "resident.code-good" => "验证码对",
        "resident.code-refused" => "验证码不对",
        "resident.claim" => "居民说明自己是谁",
        "resident.claim-refused" => "没有核对成",
        "resident.bind" => "核对居民身份",
        "resident.close" => "注销居民账户",
        "resident.own-data" => "居民看自己的数据",
        "draft.begin" | "draft.keep" => "填申请",
        "draft.again" => "退回的申请改好再交",
        "draft.drop" => "清掉草稿",
        "photo.drop" => "清掉草稿的照片",
        "draft.assent-phone" => "核对代办人填的本人手机",
        "draft.photos-dropped" => "换申请人,清掉照片",
        "submission.send" | "submission.wait" => "网上交出申请",
        "submission.take" => "网上申请收件",
        "submission.refuse" => "网上申请退回",
        "submission.reopen" => "网上申请重新打开",
        "correction.reopen" => "更正申请重新打开",
        "submission.doubt" => "核对家人",
        "consent.give" => "签核对授权",
        "consent.withdraw" => "撤回核对授权",
        "consent.refused" => "签授权的号码不符",
        "consent.try" => "签授权的号码相符",
        "consent.links-again" => "重新发签字链接",
        "rating.link" => "取评价链接",
        "rating.give" => "评价",
        "rating.rectify" => "不满意整改",
        "complaint.make" => "投诉",
        "correction.ask" => "提出更正",
        "correction.answer" => "答复更正",
        "help.seek" => "求助登记",
        "help.answer" => "处理求助",
        _ => return None,
    })
}

fn object(kind: &str, id: &str) -> String {
    let word = match kind {
        "" => return String::new(),
        "household" => "家庭",
        "person" => "人员",
        "persons" => "人员(人数)",
        "warning" => "预警",
        "task" => "任务",
        "account" => "账号",
        "organisation" => "机构",
        "batch" => "来文批次",
        "run" => "监测运行",
        "right" => "权限",
        "case" => "办件",
        "application" => "申请",
        "clue" => "线索",
        "ticket" => "工单",
        "urge" => "督办",
        "stay" => "滞留登记",
        "find" => "政策找人推送",
        "lookup" => "困难家庭查询",
        "lookup-gap" => "未先查询的救助",
        "rulebook-version" => "规则版本",
        other => other,
    };
    format!("{word} {id}")
}

pub(super) fn named(names: &BTreeMap<String, String>, login: &str) -> String {
    match login {
        "system" => "系统".to_owned(),
        "unknown" => "不明".to_owned(),
        own if own.starts_with("resident") || own.starts_with("person:") => "居民本人".to_owned(),
        other => names
            .get(other)
            .map_or_else(|| other.to_owned(), |name| format!("{name}({other})")),
    }
}
