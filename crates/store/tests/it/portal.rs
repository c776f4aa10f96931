//! Residents: one open draft, one submission of a form, seals that are changed with the keys, links used once.

use crate::databases::{Bench, act, area, day, moment, on_both, person};
use domain::{ApplicationNo, PersonId};
use store::portal::{
    self, CodeFor, CorrectionKind, CorrectionState, Grade, NewCorrection, NewHelp, NewSubmission,
    Owner, Reopened, Sent, SubmissionState,
};
use store::{StoreError, identity, persons};

const PHONE: [u8; 16] = [7; 16];

async fn somebody(db: &Bench) -> PersonId {
    let mut tx = db.writing().await;
    let ids = persons::create_many(&mut tx, &moment(1), vec![person(1, "王", "1")])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    ids[0]
}

async fn account(db: &Bench) -> i64 {
    let mut tx = db.writing().await;
    let no = portal::open(&mut tx, &moment(2), PHONE, "19900000001")
        .await
        .unwrap();
    tx.commit().await.unwrap();
    no
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_bound_once_and_a_person_has_one() {
    on_both(async |db| {
        let (person, no) = (somebody(&db).await, account(&db).await);
        let mut tx = db.writing().await;
        assert!(
            portal::open(&mut tx, &moment(3), PHONE, "19900000001")
                .await
                .is_err()
        );
        drop(tx);
        let mut tx = db.writing().await;
        portal::bind(&mut tx, &moment(3), "wang", no, person)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let mut tx = db.writing().await;
        let again = portal::bind(&mut tx, &moment(4), "wang", no, person).await;
        assert!(matches!(again, Err(StoreError::NotThere { .. })));
        let other = portal::open(&mut tx, &moment(4), [8; 16], "19900000002")
            .await
            .unwrap();
        assert!(
            portal::bind(&mut tx, &moment(4), "wang", other, person)
                .await
                .is_err()
        );
        drop(tx);
        let found = portal::by_phone(&db.store, PHONE).await.unwrap().unwrap();
        assert_eq!((found.no, found.person), (no, Some(person)));
        assert_eq!(found.phone(&db.store).await.unwrap(), "19900000001");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_waits_in_its_own_place_and_goes_when_it_was_not_so() {
    on_both(async |db| {
        let no = account(&db).await;
        let mut tx = db.writing().await;
        let said = ("{}", &area("990101001001"));
        portal::claim(&mut tx, &moment(3), no, said).await.unwrap();
        tx.commit().await.unwrap();
        let there = async |town: &str| {
            let town = area(town);
            let found = portal::waiting(&db.store, Some(&town), 1).await;
            found.unwrap().len()
        };
        assert_eq!((there("990101001").await, there("990101002").await), (1, 0));
        let known = portal::find(&db.store, no).await.unwrap().unwrap();
        let mut tx = db.writing().await;
        portal::unclaim(&mut tx, &known).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(there("990101001").await, 0);
        let known = portal::find(&db.store, no).await.unwrap().unwrap();
        assert!(known.claimed_at.is_none(), "it may be said again");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_lies_under_seal_and_is_sealed_anew_with_a_newer_key() {
    on_both(async |db| {
        let no = account(&db).await;
        let mut tx = db.writing().await;
        let owner = (Owner::Resident, "1");
        let draft = portal::open_draft(&mut tx, &moment(3), owner, "form-1", "家里断粮")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let clear = "select count(*) from portal_sealed where cast(content as text) like '%断粮%'";
        if matches!(db.database, store::Database::Sqlite) {
            assert_eq!(db.raw_number(clear).await, 0);
        }
        db.store.add_key(act("identity.add_key")).await.unwrap();
        while identity::rotate(&db.store, &moment(4), "secadmin", 1)
            .await
            .unwrap()
            .left
            > 0
        {}
        identity::retire_old_keys(&db.store, &moment(5), "secadmin")
            .await
            .unwrap();
        let kept = portal::draft(&db.store, draft).await.unwrap().unwrap();
        assert_eq!(kept.content, "家里断粮");
        assert_eq!(portal::find(&db.store, no).await.unwrap().unwrap().no, no);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resident_has_one_open_draft_and_a_form_is_sent_once() {
    on_both(async |db| {
        let no = account(&db).await;
        let mut tx = db.writing().await;
        let owner = (Owner::Resident, "1");
        portal::open_draft(&mut tx, &moment(3), owner, "form-1", "{}")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let mut tx = db.writing().await;
        assert!(
            portal::open_draft(&mut tx, &moment(3), owner, "form-2", "{}")
                .await
                .is_err()
        );
        drop(tx);
        let draft = portal::drafts_of(&db.store, owner).await.unwrap().remove(0);
        let new = NewSubmission {
            form_key: "form-1".to_owned(),
            resident: Some(no),
            area: area("990101001001"),
            application: None,
            at: moment(4),
            day: day("2026-09-14"),
            by: String::new(),
        };
        let mut sent = Vec::new();
        for _ in 0..2 {
            let mut tx = db.writing().await;
            sent.push(portal::send(&mut tx, &draft, &new, "{}").await.unwrap());
            tx.record(act("submission.wait"));
            tx.commit().await.unwrap();
        }
        assert_eq!(sent, [Sent::New(1), Sent::Before(1)]);
        assert!(
            portal::drafts_of(&db.store, owner)
                .await
                .unwrap()
                .is_empty()
        );
        let mut tx = db.writing().await;
        let taken = (None, "证件不符");
        portal::settle_submission(&mut tx, &moment(5), "wang", 1, taken)
            .await
            .unwrap();
        let twice = (Some(ApplicationNo::new(1)), "");
        assert!(
            portal::settle_submission(&mut tx, &moment(5), "wang", 1, twice)
                .await
                .is_err()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_refused_is_taken_up_again_with_the_answer_it_had_beside_it() {
    on_both(async |db| {
        let (no, person) = (account(&db).await, somebody(&db).await);
        let mut tx = db.writing().await;
        let owner = (Owner::Resident, "1");
        portal::open_draft(&mut tx, &moment(3), owner, "form-1", "{}")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let draft = portal::drafts_of(&db.store, owner).await.unwrap().remove(0);
        let new = NewSubmission {
            form_key: "form-1".to_owned(),
            resident: Some(no),
            area: area("990101001001"),
            application: None,
            at: moment(4),
            day: day("2026-09-14"),
            by: String::new(),
        };
        let asked = NewCorrection {
            person,
            area: area("990101001001"),
            fact: "婚姻状况".to_owned(),
            kind: CorrectionKind::Update,
            source: String::new(),
            department: "民政".to_owned(),
            office: String::new(),
            says: "已经离婚".to_owned(),
            due: Some(day("2026-09-20")),
        };
        let hand = (&moment(7), day("2026-09-18"), "wang2");
        let due = Some(day("2026-09-30"));
        let mut tx = db.writing().await;
        portal::send(&mut tx, &draft, &new, "{}").await.unwrap();
        let correction = portal::ask_correction(&mut tx, &moment(4), &asked)
            .await
            .unwrap();
        tx.record(act("submission.wait"));
        tx.commit().await.unwrap();
        let matters = [
            (Reopened::Submission, 1),
            (Reopened::Correction, correction),
        ];
        for matter in matters {
            let mut tx = db.writing().await;
            let early = portal::reopen(&mut tx, hand, matter, ("补来了证件", due)).await;
            assert!(
                matches!(early, Err(StoreError::NotThere { .. })),
                "nobody refused it"
            );
        }
        let mut tx = db.writing().await;
        portal::settle_submission(&mut tx, &moment(5), "wang", 1, (None, "证件不符"))
            .await
            .unwrap();
        let no_proof = (CorrectionState::Refused, "没有凭证");
        portal::answer_correction(&mut tx, &moment(5), "wang", correction, no_proof)
            .await
            .unwrap();
        tx.record(act("submission.refuse"));
        tx.commit().await.unwrap();
        let there = area("990101001");
        let sent_back = portal::submissions_refused(&db.store, Some(&there), 9).await;
        assert_eq!(sent_back.unwrap().len(), 1);
        let declined = portal::corrections_refused(&db.store, Some(&there), 9).await;
        assert_eq!(declined.unwrap().len(), 1);
        let mut tx = db.writing().await;
        for matter in matters {
            portal::reopen(&mut tx, hand, matter, ("补来了证件", due))
                .await
                .unwrap();
        }
        tx.record(act("submission.reopen"));
        tx.commit().await.unwrap();
        let sent = portal::find_submission(&db.store, 1)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (sent.state, sent.because.as_str()),
            (SubmissionState::Waiting, "")
        );
        let again = portal::correction(&db.store, correction).await.unwrap();
        let again = again.unwrap();
        assert_eq!(
            (again.state, again.new.due, again.because.as_str()),
            (CorrectionState::Open, due, "")
        );
        for (matter, was) in matters.into_iter().zip(["证件不符", "没有凭证"]) {
            let kept = portal::reopenings(&db.store, matter).await.unwrap();
            let kept = kept.first().unwrap();
            assert_eq!(kept.refused, (was.to_owned(), "wang".to_owned(), moment(5)));
            assert_eq!(
                (kept.because.as_str(), kept.by.as_str(), kept.day),
                ("补来了证件", "wang2", day("2026-09-18"))
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_used_once_and_a_session_knows_its_generation() {
    on_both(async |db| {
        let no = account(&db).await;
        let what = (PHONE, CodeFor::SignIn);
        let mut tx = db.writing().await;
        let times = (&moment(3), &moment(13));
        portal::add_code(&mut tx, what, "123456", [1; 16], times)
            .await
            .unwrap();
        let code = portal::newest_code(&tx, what.0, what.1)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(code.digest, portal::code_digest(&tx, code.no, "123456"));
        assert_ne!(code.digest, portal::code_digest(&tx, code.no, "123457"));
        // However many come, no more than the tries may look.
        for counted in [true, true, false] {
            let tried = portal::try_code(&mut tx, code.no, 2).await.unwrap();
            assert_eq!(tried, counted);
        }
        assert!(
            portal::use_code(&mut tx, &moment(4), code.no)
                .await
                .unwrap()
        );
        let used = portal::try_code(&mut tx, code.no, 9).await.unwrap();
        assert!(!used, "a used code is tried no more");
        assert!(
            !portal::use_code(&mut tx, &moment(4), code.no)
                .await
                .unwrap()
        );
        let count = portal::codes_since(&tx, PHONE, [1; 16], &moment(2))
            .await
            .unwrap();
        assert_eq!(count, (1, 1));
        assert_eq!(portal::all_codes_since(&tx, &moment(2)).await.unwrap(), 1);
        let token = portal::begin(&mut tx, (no, 1), &moment(4), &moment(60))
            .await
            .unwrap();
        portal::end_all(&mut tx, no).await.unwrap();
        tx.commit().await.unwrap();
        let session = portal::session(&db.store, &token).await.unwrap().unwrap();
        let account = portal::find(&db.store, no).await.unwrap().unwrap();
        assert_ne!(session.generation, account.generation);
        assert!(
            store::sessions::find(&db.store, &token)
                .await
                .unwrap()
                .is_none()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_for_help_is_kept_once_and_answered_once() {
    on_both(async |db| {
        let new = NewHelp {
            form_key: "help-1".to_owned(),
            area: area("990101001001"),
            content: "{}".to_owned(),
            origin: [2; 16],
            at: moment(3),
            day: day("2026-09-14"),
        };
        let mut tx = db.writing().await;
        let one = portal::seek_help(&mut tx, &new).await.unwrap();
        assert_eq!(portal::seek_help(&mut tx, &new).await.unwrap(), one);
        tx.commit().await.unwrap();
        let town = portal::helps(&db.store, Some(&area("990101001")), 9)
            .await
            .unwrap();
        let beside = portal::helps(&db.store, Some(&area("990101002")), 9)
            .await
            .unwrap();
        assert_eq!((town.len(), beside.len()), (1, 0));
        let mut tx = db.writing().await;
        portal::answer_help(&mut tx, &moment(4), "wang", one, "已送粮")
            .await
            .unwrap();
        assert!(
            portal::answer_help(&mut tx, &moment(4), "wang", one, "再答")
                .await
                .is_err()
        );
        assert!(Grade::VeryBad.is_bad() && !Grade::Fair.is_bad());
    })
    .await;
}
