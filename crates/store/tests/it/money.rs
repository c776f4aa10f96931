//! What the database itself refuses about money, also to somebody who goes around the program.

use crate::databases::{Bench, act, area, moment, month, on_both, person, row};
use domain::household::{Membership, Relation, Standing};
use domain::ledger::{Account, AccountKind, Issue, Part, allot, commit, reserve};
use domain::payment::{LineEvent, LineState};
use domain::{BankCard, Fen, HouseholdId, PersonId, Span};
use store::entitlements::{self, Cause, NewEntitlement, Subject};
use store::households::{self, NewHousehold};
use store::ledger::{Entry, Pending};
use store::organisations::{self, NewOrganisation};
use store::payments::{self, Finding, Hand, NewBatch, NewLine, Total};
use store::users::{self, NewUser, UserId};
use store::{StoreError, bank_accounts, persons};

const FUND: &str = "资金/2026";

/// A household with a card, three officials.
struct Place {
    household: HouseholdId,
    payee: PersonId,
    account: i64,
    officials: [UserId; 3],
}

impl Place {
    async fn of(db: &Bench) -> Self {
        db.batch().await;
        let mut tx = db.writing().await;
        let home = NewHousehold {
            number: "H1".to_owned(),
            area: area("990101001001"),
            urban_rural: None,
            row: row(1),
        };
        let homes = households::upsert_many(&mut tx, &moment(1), &[home]).await;
        let household = homes.unwrap()[0];
        let new = person(1, "王测试", "990101195403120016");
        let made = persons::create_many(&mut tx, &moment(1), vec![new]).await;
        let payee = made.unwrap()[0];
        let membership = Membership {
            household,
            person: payee,
            relation: Relation::Head,
            span: Span::since(month("2026-01").first()),
            standing: Standing::Counted,
        };
        households::join_many(&mut tx, &[(membership, row(1))])
            .await
            .unwrap();
        let card = BankCard::parse("6299000000000000010").unwrap().card;
        let accounts = bank_accounts::remember(&mut tx, &moment(1), &[card.clone(), card]).await;
        let accounts = accounts.unwrap();
        assert_eq!(accounts[0], accounts[1], "one card is one account");
        let bureau = NewOrganisation {
            code: "mz".to_owned(),
            name: "民政局".to_owned(),
            level: domain::AreaLevel::County,
            area: area("990101"),
            parent: None,
        };
        let bureau = organisations::add(&mut tx, &moment(1), &bureau)
            .await
            .unwrap();
        let mut officials = Vec::new();
        for login in ["a", "b", "c"] {
            let new = NewUser {
                login: login.to_owned(),
                name: login.to_owned(),
                organisation: bureau,
                password: "x".to_owned(),
            };
            officials.push(users::add(&mut tx, &moment(1), new).await.unwrap());
        }
        tx.commit().await.unwrap();
        Self {
            household,
            payee,
            account: accounts[0],
            officials: officials.try_into().unwrap(),
        }
    }

    fn entitlement(&self, from: &str, to: Option<&str>) -> NewEntitlement {
        NewEntitlement {
            programme: "dibao".to_owned(),
            component: "基本".to_owned(),
            subject: Subject::from(self.household),
            household: self.household,
            payee: self.payee,
            fund: "资金".to_owned(),
            area: area("990101001001"),
            from: month(from),
            to: to.map(month),
            amount: Fen::new(86_000),
            account: Some(self.account),
            cause: Cause::new("decision", 1),
        }
    }

    async fn entitle(&self, db: &Bench, from: &str, to: Option<&str>) -> Result<i64, StoreError> {
        let mut tx = db.writing().await;
        let new = [self.entitlement(from, to)];
        let made = entitlements::add_many(&mut tx, &moment(2), "a", &new).await?;
        tx.commit().await?;
        Ok(made[0])
    }

    fn line(&self, entitlement: i64) -> NewLine {
        NewLine {
            line_no: 1,
            entitlement,
            month: month("2026-09"),
            attempt: 1,
            reissue_of: None,
            programme: "dibao".to_owned(),
            fund: FUND.to_owned(),
            household: self.household,
            payee: self.payee,
            account: Some(self.account),
            identity: None,
            amount: Fen::new(86_000),
            area: area("990101001001"),
        }
    }

    /// A batch of one kind with the line of an entitlement, ready to be checked.
    async fn draft(&self, db: &Bench, kind: &str, entitlement: i64) -> Result<i64, StoreError> {
        let mut tx = db.writing().await;
        let new = NewBatch {
            kind: kind.to_owned(),
            component: "基本".to_owned(),
            month: month("2026-09"),
            bank: "demo".to_owned(),
            prepared_by: self.officials[0],
        };
        let batch = payments::begin(&mut tx, &moment(3), &new).await?;
        payments::add_lines(&mut tx, batch, &[self.line(entitlement)]).await?;
        let total = Total {
            lines: 1,
            amount: Fen::new(86_000),
        };
        payments::prepared(&mut tx, batch, total).await?;
        tx.commit().await?;
        Ok(batch)
    }

    fn hand(&self, at: usize) -> Hand {
        Hand {
            user: self.officials[at],
            at: moment(4),
        }
    }
}

fn refused<T: std::fmt::Debug>(answer: Result<T, StoreError>, rule: &str) {
    let error = answer.unwrap_err();
    let named = matches!(&error, StoreError::Refused { rule: said } if said.contains(rule));
    assert!(named, "`{rule}` should refuse, and it said: {error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_has_one_entitlement_twice_over_the_same_months() {
    on_both(async |db| {
        let place = Place::of(&db).await;
        let first = place.entitle(&db, "2026-09", None).await.unwrap();
        refused(
            place.entitle(&db, "2026-12", None).await,
            "entitlement_no_overlap",
        );
        refused(
            place.entitle(&db, "2026-08", Some("2026-10")).await,
            "entitlement_no_overlap",
        );
        place
            .entitle(&db, "2026-06", Some("2026-09"))
            .await
            .unwrap();
        let mut tx = db.writing().await;
        entitlements::stop(&mut tx, &moment(5), first, month("2026-11"), "t")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        place.entitle(&db, "2026-11", None).await.unwrap();
        // A stop never moves to a later month, not even around the program.
        let later = "update entitlement set to_month = '2027-01' where to_month = '2026-11'";
        assert!(
            db.raw(later)
                .await
                .unwrap_err()
                .contains("entitlement_stopped_once")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_is_on_its_way_once_and_free_again_only_when_it_came_back() {
    on_both(async |db| {
        let place = Place::of(&db).await;
        let entitlement = place.entitle(&db, "2026-09", None).await.unwrap();
        let batch = place.draft(&db, "monthly", entitlement).await.unwrap();
        refused(
            place.draft(&db, "monthly", entitlement).await,
            "payment_batch",
        );
        refused(place.draft(&db, "other", entitlement).await, "payment_line");
        let line = payments::line_id(batch, 1).unwrap();
        for (from, event, free) in [
            (LineState::Proposed, LineEvent::Seal, false),
            (LineState::Batched, LineEvent::Send, false),
            (LineState::Sent, LineEvent::Silence, false),
            (LineState::Unknown, LineEvent::Pay, false),
            (LineState::Paid, LineEvent::Return, true),
        ] {
            let to = from.after(event).unwrap();
            let mut tx = db.writing().await;
            payments::move_lines(&mut tx, &[(line, from, to)])
                .await
                .unwrap();
            tx.commit().await.unwrap();
            let again = place.draft(&db, "other", entitlement).await;
            assert_eq!(again.is_ok(), free, "{to}: {again:?}");
        }
        // Going around the program changes neither what a line says nor what came of it.
        for tampering in [
            "update payment_line set amount = 1",
            "update payment_line set state = 'proposed' where state = 'returned'",
            "delete from payment_line",
            "delete from entitlement",
            "update entitlement_amount set amount = 1",
        ] {
            assert!(db.raw(tampering).await.is_err(), "{tampering}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_wants_three_persons_whatever_the_program_says() {
    on_both(async |db| {
        let place = Place::of(&db).await;
        let entitlement = place.entitle(&db, "2026-09", None).await.unwrap();
        let batch = place.draft(&db, "monthly", entitlement).await.unwrap();
        let none: &[Finding] = &[];
        let mut tx = db.writing().await;
        let own = payments::checked(&mut tx, batch, &place.hand(0), none).await;
        refused(own, "payment_batch_three_persons");
        drop(tx);
        let mut tx = db.writing().await;
        payments::checked(&mut tx, batch, &place.hand(1), none)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        for same in [0, 1] {
            let mut tx = db.writing().await;
            let approved = payments::approved(&mut tx, batch, &place.hand(same)).await;
            refused(approved, "payment_batch_three_persons");
        }
        let around = format!("update payment_batch set state = 'sealed' where batch_no = {batch}");
        assert!(db.raw(&around).await.unwrap_err().contains("payment_batch"));
        let mut tx = db.writing().await;
        payments::approved(&mut tx, batch, &place.hand(2))
            .await
            .unwrap();
        tx.record(act("approve"));
        tx.commit().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ledger_covers_what_it_gives_and_says_the_same_thing_once() {
    on_both(async |db| {
        let parts = |fen: i64| {
            vec![Part {
                programme: "dibao".to_owned(),
                fund: FUND.to_owned(),
                amount: Fen::new(fen),
            }]
        };
        let post = async |transfers: &[domain::ledger::Transfer], pending, cause: Cause| {
            let mut tx = db.writing().await;
            let entry = Entry {
                transfers,
                pending,
                batch: None,
                cause,
            };
            store::ledger::apply(&mut tx, &moment(6), &entry).await?;
            tx.commit().await.map(|_| ())
        };
        let budget = Cause::new("budget", "1");
        post(&allot(FUND, Fen::new(500)), Pending::No, budget.clone())
            .await
            .unwrap();
        let twice = post(&allot(FUND, Fen::new(500)), Pending::No, budget).await;
        assert!(
            matches!(twice, Err(StoreError::Refused { .. })),
            "{twice:?}"
        );
        let wanted = commit(&parts(501), Issue::First);
        let too_much = post(&wanted, Pending::No, Cause::new("seal", 1));
        refused(too_much.await, "ledger_account_covers");
        post(
            &commit(&parts(500), Issue::First),
            Pending::No,
            Cause::new("seal", 2),
        )
        .await
        .unwrap();
        let held = reserve("1", &parts(400), Issue::First);
        post(&held, Pending::Yes, Cause::new("seal", 3))
            .await
            .unwrap();
        // What is held back cannot be held back again.
        let more = reserve("2", &parts(101), Issue::First);
        refused(
            post(&more, Pending::Yes, Cause::new("seal", 4)).await,
            "ledger_account_covers",
        );
        let payable = Account::new(AccountKind::Payable, "dibao");
        let sums = store::ledger::sums(&db.store, &payable).await.unwrap();
        assert_eq!(sums.available(), Some(Fen::new(100)));
        assert!(
            store::ledger::discrepancies(&db.store)
                .await
                .unwrap()
                .is_empty()
        );
        for tampering in [
            "update ledger_transfer set amount = 1",
            "delete from ledger_transfer",
            "update ledger_account set posted_out = posted_out + 1000 where kind = 'payable'",
        ] {
            assert!(db.raw(tampering).await.is_err(), "{tampering}");
        }
        // Who owns the file can; it is found.
        db.tamper("update ledger_account set posted_in = posted_in + 7 where kind = 'payable'")
            .await;
        assert_eq!(
            store::ledger::discrepancies(&db.store).await.unwrap().len(),
            2
        );
    })
    .await;
}
