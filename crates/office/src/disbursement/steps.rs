//! 核查、批准、封存、交银行、办结、作废: each one write with its act, by somebody who may and who has not
//! held the batch before where another person is wanted.

use super::book::PayBook;
use super::checks::{self, all_lines};
use super::{BankBook, Paid, PayError, bank_file, found, may, note, roster, whole};
use crate::access::{Acting, Right};
use crate::error::at_path;
use crate::exports::{self, Leaving};
use crate::office::Office;
use domain::ledger::{self, Account, AccountKind, Issue, Part, Settlement};
use domain::payment::{BatchAct, LineState};
use domain::{AreaCode, Fen};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use store::entitlements::Cause;
use store::identity::{Field, Grant};
use store::ledger::{Entry, Pending};
use store::payments::{self, Batch, BatchDigest, Hand, Line, OpenLine, Total};
use store::{Act, JournalTx, Reads, StoreError};

/// What a batch's files are opened for, as the access rules call it.
const PURPOSE: &str = "发放核对";

/// What came of a check.
pub type Found = Vec<payments::Finding>;

/// Checks a batch: lines with findings are set apart, the others stay. May be done again until the
/// batch is approved.
///
/// # Errors
/// The right is missing, whoever prepared the batch asks, it is past checking, or files of departments would stop
/// so much of it that somebody has to answer for them first: then nothing is set apart.
pub async fn check(office: &Office, who: &Acting, batch: i64) -> Paid<Found> {
    whole(who, Right::PAYMENT_CHECK)?;
    let book = super::book(office)?;
    let held = found(&office.store, batch).await?;
    may(&office.store, who, &held, BatchAct::Check).await?;
    let known = checks::gather(office, &book, &held).await?;
    let (findings, by_feed) = checks::judge(&book, &known)?;
    if let Some(said) = checks::too_many(&book, batch, (&known, &by_feed)) {
        return Err(PayError::Refused(said));
    }
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    let hand = Hand {
        user: who.user(),
        at,
    };
    payments::checked(&mut tx, batch, &hand, &findings).await?;
    let lines: BTreeSet<u32> = findings.iter().map(|finding| finding.line_no).collect();
    let says = format!("剔出 {} 行", lines.len());
    note(&mut tx, office, who, "payment.check", batch, &says);
    tx.commit().await?;
    Ok(findings)
}

/// Approves a checked batch.
///
/// # Errors
/// The right is missing, whoever prepared or checked it or changed a card it pays to asks, or nothing is left in it.
pub async fn approve(office: &Office, who: &Acting, batch: i64) -> Paid<()> {
    whole(who, Right::PAYMENT_APPROVE)?;
    let held = found(&office.store, batch).await?;
    may(&office.store, who, &held, BatchAct::Approve).await?;
    if held.lines == 0 {
        let said = format!("第 {batch} 批的行都剔出了,没有可以批准的;请作废");
        return Err(PayError::Refused(said));
    }
    let changed = payments::line_changed_by(&office.store, batch, who.login()).await?;
    if let Some(line) = changed {
        let said = format!("第 {batch} 批第 {line} 行的卡是您换的,不能再由您批准;请换一位同事");
        return Err(PayError::Refused(said));
    }
    let hand = Hand {
        user: who.user(),
        at: office.clock.at(),
    };
    let mut tx = office.store.write().await?;
    payments::approved(&mut tx, batch, &hand).await?;
    let says = format!("{} 行 {} 元", held.lines, held.amount);
    note(&mut tx, office, who, "payment.approve", batch, &says);
    tx.commit().await?;
    Ok(())
}

/// Seals an approved batch: its lines and totals get one digest, the ledger owes the programmes and
/// holds the money back. Nothing of the batch changes afterwards.
///
/// # Errors
/// The right is missing, a line is not what it was, sums disagree, or a fund has too little.
pub async fn seal(office: &Office, who: &Acting, batch: i64) -> Paid<[u8; 32]> {
    whole(who, Right::PAYMENT_APPROVE)?;
    let book = super::book(office)?;
    let held = found(&office.store, batch).await?;
    may(&office.store, who, &held, BatchAct::Seal).await?;
    let lines: Vec<Line> = all_lines(office, batch)
        .await?
        .into_iter()
        .filter(|line| line.state == LineState::Proposed)
        .collect();
    let digest = digest(&held, &lines)?;
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    allot(office, &mut tx, &book).await?;
    let parts = payments::parts(&tx, batch, LineState::Proposed).await?;
    let total = Fen::total(parts.iter().map(|part| part.total.amount));
    if total != Some(held.amount) {
        let said = format!("第 {batch} 批各项目合计与批次合计不一致,没有封存;请重新核查");
        return Err(PayError::Refused(said));
    }
    let issue = issue_of(&book, &held)?;
    let parts: Vec<Part> = parts
        .into_iter()
        .map(|part| Part {
            programme: part.programme,
            fund: part.fund,
            amount: part.total.amount,
        })
        .collect();
    let owed = ledger::commit(&parts, issue);
    let kept = ledger::reserve(&batch.to_string(), &parts, issue);
    for (transfers, pending) in [(&owed, Pending::No), (&kept, Pending::Yes)] {
        let entry = Entry {
            transfers,
            pending,
            batch: Some(batch),
            cause: Cause::new("seal", batch),
        };
        let applied = store::ledger::apply(&mut tx, &at, &entry).await;
        applied.map_err(short)?;
    }
    payments::sealed(&mut tx, batch, &at, digest).await?;
    let says = format!(
        "{} 行 {} 元,摘要 {}",
        held.lines,
        held.amount,
        store::digest::hex(&digest)
    );
    note(&mut tx, office, who, "payment.seal", batch, &says);
    tx.commit().await?;
    Ok(digest)
}

/// The digest over a batch's lines, each found to be what it was drawn up as.
fn digest(batch: &Batch, lines: &[Line]) -> Paid<[u8; 32]> {
    let sum = Fen::total(lines.iter().map(|line| line.content.amount));
    let count = u64::try_from(lines.len()).unwrap_or(u64::MAX);
    if sum != Some(batch.amount) || count != batch.lines {
        let said = format!("第 {} 批的行与批次合计不一致;请重新核查", batch.no);
        return Err(PayError::Refused(said));
    }
    if let Some(line) = lines.iter().find(|line| !line.is_whole()) {
        return Err(PayError::Refused(format!(
            "第 {} 批第 {} 行与编制时的摘要不符,可能被改动过;请停下来,运行 doudi doctor",
            batch.no, line.content.line_no
        )));
    }
    let total = Total {
        lines: count,
        amount: batch.amount,
    };
    let start = BatchDigest::of(batch, total);
    Ok(lines.iter().fold(start, BatchDigest::with).finish())
}

fn issue_of(book: &PayBook, batch: &Batch) -> Paid<Issue> {
    Ok(match book.kind(&batch.content.kind)?.source {
        super::Source::Returned => Issue::Again,
        super::Source::Entitlements
        | super::Source::Rule(_)
        | super::Source::Festival
        | super::Source::AtOnce => Issue::First,
    })
}

/// What the database refuses because a fund has too little, in an official's words.
fn short(error: StoreError) -> PayError {
    match error {
        StoreError::Refused { rule } if rule.contains("ledger_account_covers") => {
            let said = "资金的指标不够,没有封存;请追加指标,或者重新核查把超出的行剔出来";
            PayError::Refused(said.to_owned())
        }
        other => other.into(),
    }
}

/// Posts what the rulebook allots to each fund's year and the ledger has not yet.
async fn allot(office: &Office, tx: &mut JournalTx, book: &PayBook) -> Paid<()> {
    let mut by_fund: BTreeMap<&str, Fen> = BTreeMap::new();
    for budget in &book.budgets {
        let sum = by_fund.entry(&budget.fund).or_insert(Fen::ZERO);
        *sum = sum.checked_add(budget.amount).unwrap_or(*sum);
    }
    for (fund, allotted) in by_fund {
        let account = Account::new(AccountKind::Treasury, fund);
        let posted = store::ledger::sums(tx, &account).await?.posted_out;
        let Some(more) = allotted.checked_sub(posted).filter(|m| *m > Fen::ZERO) else {
            continue;
        };
        let entry = Entry {
            transfers: &ledger::allot(fund, more),
            pending: Pending::No,
            batch: None,
            cause: Cause::new("budget", format!("{fund} {}", allotted.get())),
        };
        store::ledger::apply(tx, &office.clock.at(), &entry).await?;
    }
    Ok(())
}

/// What each fund's year of some lines may still spend: what is allotted and not yet owed.
pub(super) async fn left(
    office: &Office,
    book: &PayBook,
    lines: &[Line],
) -> Paid<BTreeMap<String, Fen>> {
    let funds: BTreeSet<&str> = lines
        .iter()
        .map(|line| line.content.fund.as_str())
        .collect();
    let mut out = BTreeMap::new();
    for fund in funds {
        let allotted = Fen::total(
            book.budgets
                .iter()
                .filter(|budget| budget.fund == fund)
                .map(|budget| budget.amount),
        );
        let account = Account::new(AccountKind::Allotment, fund);
        let sums = store::ledger::sums(&office.store, &account).await?;
        let posted = allotted.unwrap_or(Fen::ZERO).max(sums.posted_in);
        let used = sums.posted_out.checked_add(sums.pending_out);
        let rest = used.and_then(|used| posted.checked_sub(used));
        out.insert(fund.to_owned(), rest.unwrap_or(Fen::ZERO));
    }
    Ok(out)
}

/// Hands a sealed batch to the bank: the file is written and durable before the record says so, and
/// gets its name afterwards. Done again for a batch already handed over, it writes the same file.
///
/// # Errors
/// The right is missing, whoever prepared or checked it asks, a name cannot be written in the bank's
/// encoding: then nothing is handed over.
pub async fn release(
    office: &Office,
    who: &Acting,
    batch: i64,
    mut told: impl FnMut(&str),
) -> Paid<PathBuf> {
    whole(who, Right::PAYMENT_FILE)?;
    let book = super::book(office)?;
    let held = found(&office.store, batch).await?;
    let again = held.released.is_some();
    if !again {
        may(&office.store, who, &held, BatchAct::Release).await?;
    }
    let lines = open(office, who, &held).await?;
    let bank = BankBook::read(office.book(), &held.content.bank)?;
    let made = bank.write(batch, &lines, &book.remark)?;
    let digest: [u8; 32] = Sha256::digest(&made.bytes).into();
    if again && held.file_digest != Some(digest) {
        let said = format!("第 {batch} 批重写的文件与交出去的不一样,没有写;请运行 doudi doctor");
        return Err(PayError::Refused(said));
    }
    let folder = folder(office, batch)?;
    let waiting = Waiting::write(&folder, &made.name, &made.bytes)?;
    told("written");
    if !again {
        let at = office.clock.at();
        let hand = Hand {
            user: who.user(),
            at: at.clone(),
        };
        let mut tx = office.store.write().await?;
        let cause = Cause::new("release", batch);
        store::ledger::settle(&mut tx, &at, batch, Settlement::Post, &cause).await?;
        let entry = Entry {
            transfers: &ledger::hand_over(&batch.to_string(), held.amount),
            pending: Pending::No,
            batch: Some(batch),
            cause,
        };
        store::ledger::apply(&mut tx, &at, &entry).await?;
        payments::released(&mut tx, batch, &hand, digest).await?;
        let says = format!(
            "{} 行,文件摘要 {}",
            lines.len(),
            store::digest::hex(&digest)
        );
        note(&mut tx, office, who, "payment.release", batch, &says);
        tx.commit().await?;
        told("released");
    }
    let path = waiting.name()?;
    told("named");
    Ok(path)
}

fn sealed(batch: &Batch) -> Paid<()> {
    if batch.digest.is_none() {
        let said = format!("第 {} 批还没有封存,没有可以交出去的文件", batch.no);
        return Err(PayError::Refused(said));
    }
    Ok(())
}

/// The lines of a sealed batch in full. Who opens them is in the chain first.
async fn open(office: &Office, who: &Acting, batch: &Batch) -> Paid<Vec<OpenLine>> {
    sealed(batch)?;
    let grant = Grant {
        at: office.clock.at(),
        actor: who.login().to_owned(),
        purpose: PURPOSE.to_owned(),
        authority: format!("payment-batch:{}", batch.no),
        channel: who.channel().word().to_owned(),
        fields: vec![Field::Name, Field::IdNumber, Field::Card],
    };
    Ok(payments::open_lines(&office.store, &grant, batch.no).await?)
}

/// What leaves of a batch.
fn leaving(kind: &'static str, held: &Batch) -> Leaving {
    Leaving {
        kind,
        subject: held.no.to_string(),
        words: format!("第 {} 批 {}", held.no, held.content.month),
        rows: usize::try_from(held.lines).unwrap_or(usize::MAX),
    }
}

/// The bank's file of a batch that was handed over, made anew and found to be the same.
///
/// # Errors
/// The right is missing, or the batch is not with the bank.
pub async fn file(office: &Office, who: &Acting, batch: i64) -> Paid<(String, Vec<u8>)> {
    whole(who, Right::PAYMENT_FILE)?;
    let book = super::book(office)?;
    let held = found(&office.store, batch).await?;
    let Some(kept) = held.file_digest else {
        let said = format!("第 {batch} 批还没有交银行;先由批准的人交银行");
        return Err(PayError::Refused(said));
    };
    // The bank reads it as it is: what it bears stands in the record alone.
    exports::leave(office, who, leaving("bank-file", &held)).await?;
    let lines = open(office, who, &held).await?;
    let bank = BankBook::read(office.book(), &held.content.bank)?;
    let made = bank.write(batch, &lines, &book.remark)?;
    if kept != <[u8; 32]>::from(Sha256::digest(&made.bytes)) {
        let said = format!("第 {batch} 批重写的文件与交出去的不一样;请运行 doudi doctor");
        return Err(PayError::Refused(said));
    }
    Ok((made.name, made.bytes))
}

/// The digest the bank must echo.
pub(super) async fn sent_digest(office: &Office, who: &Acting, batch: &Batch) -> Paid<String> {
    let name = folder(office, batch.no)?;
    // The file beside the record is enough; made anew only when it is gone.
    let kept = fs::read_dir(&name).ok().and_then(|entries| {
        entries
            .filter_map(Result::ok)
            .find(|entry| entry.path().extension().is_some_and(|end| end == "txt"))
    });
    if let Some(entry) = kept {
        let bytes = fs::read(entry.path()).map_err(at_path(&entry.path()))?;
        if batch.file_digest == Some(Sha256::digest(&bytes).into()) {
            return Ok(bank_file::digest_of(&bytes));
        }
    }
    let book = super::book(office)?;
    let lines = open(office, who, batch).await?;
    let bank = BankBook::read(office.book(), &batch.content.bank)?;
    let made = bank.write(batch.no, &lines, &book.remark)?;
    Ok(bank_file::digest_of(&made.bytes))
}

/// 发放花名册 of a sealed batch: its name and bytes.
///
/// # Errors
/// The right is missing, or the batch is not sealed.
pub async fn roster(office: &Office, who: &Acting, batch: i64) -> Paid<(String, Vec<u8>)> {
    whole(who, Right::PAYMENT_FILE)?;
    let book = super::book(office)?;
    let held = found(&office.store, batch).await?;
    sealed(&held)?;
    let mark = exports::leave(office, who, leaving("roster", &held)).await?;
    let lines = open(office, who, &held).await?;
    let parts = store::entitlement_parts::of_batch(&office.store, batch).await?;
    let arrears = store::arrears::of_batch(&office.store, batch).await?;
    let parts = roster::Parts::of(parts, arrears);
    let mut named = BTreeMap::new();
    let day = office.clock.today();
    let codes: BTreeSet<&str> = lines.iter().map(|line| line.area.as_str()).collect();
    for code in codes {
        let Ok(area) = AreaCode::parse(code) else {
            continue;
        };
        if let Some(found) = store::areas::find(&office.store, &area, day).await? {
            named.insert(code.to_owned(), found.name);
        }
    }
    let program = office.program_of(held.content.month);
    for file in &program.files {
        named.insert(file.id.clone(), file.title.clone());
    }
    let kind = book.kind(&held.content.kind)?;
    let month = held.content.month;
    let title = format!("{month} {} 发放花名册(第 {batch} 批)", kind.title);
    let made = format!(
        "{} 由 {} 下载,{} 行 {} 元",
        office.clock.minute(),
        who.login(),
        lines.len(),
        held.amount
    );
    // The chain has it before the first byte leaves, with the words that stand on the sheet itself.
    let act = Act::new(&office.clock.at(), who.login(), "payment.roster")
        .on("payment-batch", batch)
        .because(format!("发放花名册 {made}"));
    office.store.record_alone(act).await?;
    let name = mark.named(&format!("发放花名册-{month}-第{batch}批"), "xlsx");
    let written = tokio::task::spawn_blocking(move || {
        roster::workbook(&held, &title, (&lines, &parts), &named, (&made, &mark))
    });
    let bytes = written
        .await
        .map_err(|error| crate::OfficeError::Other(format!("花名册没有写成:{error}")))??;
    Ok((name, bytes))
}

/// Closes a batch of which every line has its outcome.
///
/// # Errors
/// The right is missing, or lines are open.
pub async fn close(office: &Office, who: &Acting, batch: i64) -> Paid<()> {
    whole(who, Right::PAYMENT_CHECK)?;
    let held = found(&office.store, batch).await?;
    may(&office.store, who, &held, BatchAct::Close).await?;
    let open = payments::open_lines_count(&office.store, batch).await?;
    if open > 0 {
        let said = format!("第 {batch} 批还有 {open} 行结果不明;向银行查清以前不能办结,也不能重发");
        return Err(PayError::Refused(said));
    }
    let mut tx = office.store.write().await?;
    payments::closed(&mut tx, batch, &office.clock.at()).await?;
    note(
        &mut tx,
        office,
        who,
        "payment.close",
        batch,
        "每一行都有结果",
    );
    tx.commit().await?;
    Ok(())
}

/// Voids a batch the bank never had.
///
/// # Errors
/// The right is missing, or it is sealed.
pub async fn void(office: &Office, who: &Acting, batch: i64, why: &str) -> Paid<()> {
    whole(who, Right::PAYMENT_PREPARE)?;
    if why.trim().is_empty() {
        return Err(PayError::Refused("请写明为什么作废".to_owned()));
    }
    let held = found(&office.store, batch).await?;
    may(&office.store, who, &held, BatchAct::Void).await?;
    let mut tx = office.store.write().await?;
    payments::voided(&mut tx, batch, &office.clock.at()).await?;
    note(&mut tx, office, who, "payment.void", batch, why.trim());
    tx.commit().await?;
    Ok(())
}

/// What of the money does not add up: the ledger against its rows, the batches against their lines and
/// against the ledger, the digests of sealed batches against their lines.
///
/// # Errors
/// The record cannot be read.
pub async fn verify(office: &Office) -> Paid<Vec<String>> {
    let store = &office.store;
    let mut out: Vec<String> = store::ledger::discrepancies(store)
        .await?
        .into_iter()
        .map(|found| found.says)
        .collect();
    out.extend(payments::discrepancies(store).await?);
    out.extend(payments::recovery_discrepancies(store).await?);
    let mut before = i64::MAX;
    loop {
        let page = payments::list(store, before, 200).await?;
        let Some(last) = page.last() else {
            return Ok(out);
        };
        before = last.no;
        for batch in &page {
            if batch.digest.is_some() {
                out.extend(verify_batch(office, batch).await?);
            }
        }
    }
}

async fn verify_batch(office: &Office, batch: &Batch) -> Paid<Option<String>> {
    let lines: Vec<Line> = all_lines(office, batch.no)
        .await?
        .into_iter()
        .filter(|line| {
            !matches!(
                line.state,
                LineState::Apart | LineState::Proposed | LineState::Void
            )
        })
        .collect();
    let no = batch.no;
    match digest(batch, &lines) {
        Ok(found) if batch.digest == Some(found) => {}
        Ok(_) => return Ok(Some(format!("第 {no} 批的行与封存时的摘要不符"))),
        Err(PayError::Refused(said)) => return Ok(Some(said)),
        Err(other) => return Err(other),
    }
    let kind = if batch.released.is_some() {
        AccountKind::Clearing
    } else {
        AccountKind::InTransit
    };
    let moved = match kind {
        AccountKind::Clearing => store::ledger::put_in(&office.store, no, kind).await?,
        _ => pending_of(&office.store, no).await?,
    };
    Ok((moved != batch.amount)
        .then(|| format!("第 {no} 批合计 {} 元,总账里是 {moved} 元", batch.amount)))
}

async fn pending_of(on: &impl Reads, batch: i64) -> Paid<Fen> {
    let rows = store::ledger::of_batch(on, batch).await?;
    let held = rows
        .iter()
        .filter(|row| row.phase == store::ledger::RowPhase::Pending);
    Ok(Fen::total(held.map(|row| row.amount)).unwrap_or(Fen::ZERO))
}

fn folder(office: &Office, batch: i64) -> Paid<PathBuf> {
    let folder = office
        .store
        .folder()
        .join("payments")
        .join(batch.to_string());
    fs::create_dir_all(&folder).map_err(at_path(&folder))?;
    Ok(folder)
}

/// A file on the disk under a name nobody looks for, until the record says it may be seen.
struct Waiting {
    part: PathBuf,
    path: PathBuf,
}

impl Waiting {
    fn write(folder: &Path, name: &str, bytes: &[u8]) -> Paid<Self> {
        let plain = !name.is_empty() && !name.contains(['/', '\\']) && !name.starts_with('.');
        if !plain {
            let said = format!("银行说明里的文件名 `{name}` 不能用");
            return Err(PayError::Refused(said));
        }
        let (part, path) = (folder.join(format!("{name}.part")), folder.join(name));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&part).map_err(at_path(&part))?;
        file.write_all(bytes).map_err(at_path(&part))?;
        file.sync_all().map_err(at_path(&part))?;
        Ok(Self { part, path })
    }

    fn name(self) -> Paid<PathBuf> {
        fs::rename(&self.part, &self.path).map_err(at_path(&self.path))?;
        if let Some(folder) = self.path.parent() {
            let opened = File::open(folder).map_err(at_path(folder))?;
            opened.sync_all().map_err(at_path(folder))?;
        }
        Ok(self.path)
    }
}
