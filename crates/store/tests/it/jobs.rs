//! Long work in leased steps.

use crate::databases::{Bench, moment, on_both};
use store::StoreError;
use store::jobs::{self, Advance, JobEnd, JobState, Lease};

fn lease(holder: &str, now: u32, until: u32) -> Lease {
    Lease {
        holder: holder.to_owned(),
        now: moment(now),
        until: moment(until),
    }
}

async fn claim(db: &Bench, lease: &Lease) -> Option<jobs::Job> {
    let mut tx = db.writing().await;
    let job = jobs::claim(&mut tx, "screen", lease).await.unwrap();
    tx.commit().await.unwrap();
    job
}

async fn ask(db: &Bench) -> jobs::Job {
    let mut tx = db.writing().await;
    let job = jobs::ask(&mut tx, &moment(0), "screen", "2026-08", "{}")
        .await
        .unwrap();
    let same = jobs::ask(&mut tx, &moment(1), "screen", "2026-08", "{1}")
        .await
        .unwrap();
    assert_eq!(job, same, "the same kind and key is the same job");
    tx.commit().await.unwrap();
    job
}

async fn advance(db: &Bench, job: i64, lease: &Lease, step: &str) -> Result<Advance, StoreError> {
    let mut tx = db.writing().await;
    let answer = jobs::advance(&mut tx, job, lease, step, "ok", "{}").await?;
    tx.commit().await?;
    Ok(answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_ran_out_passes_on_and_the_first_holder_is_told() {
    on_both(async |db| {
        let job = ask(&db).await;
        let (one, other) = (lease("one", 1, 5), lease("other", 4, 9));
        assert_eq!(claim(&db, &one).await.unwrap().id, job.id);
        assert_eq!(
            claim(&db, &other).await,
            None,
            "the lease of the first still holds"
        );
        assert_eq!(
            advance(&db, job.id, &one, "facts").await.unwrap(),
            Advance::Now
        );
        let other = lease("other", 5, 9);
        let taken = claim(&db, &other).await.unwrap();
        assert_eq!(
            (taken.step.as_str(), taken.holder.as_deref()),
            ("facts", Some("other"))
        );
        let lost = advance(&db, job.id, &lease("one", 4, 9), "screen")
            .await
            .unwrap_err();
        assert!(matches!(lost, StoreError::LeaseLost { .. }), "{lost}");
        let again = advance(&db, job.id, &other, "facts").await.unwrap();
        assert_eq!(
            again,
            Advance::Before("ok".to_owned()),
            "a step is done once"
        );
        assert_eq!(
            advance(&db, job.id, &other, "screen").await.unwrap(),
            Advance::Now
        );
        let late = advance(&db, job.id, &lease("other", 9, 12), "warn")
            .await
            .unwrap_err();
        assert!(matches!(late, StoreError::LeaseLost { .. }), "{late}");
        assert_eq!(jobs::list_steps(&db.store, job.id).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_eight_that_reach_for_a_job_one_gets_it() {
    on_both(async |db| {
        ask(&db).await;
        let reaching = (0..8).map(|number| {
            let store = db.store.clone();
            tokio::spawn(async move {
                let mut tx = store.write().await.unwrap();
                let lease = lease(&format!("worker {number}"), 1, 5);
                let job = jobs::claim(&mut tx, "screen", &lease).await.unwrap();
                tx.record(crate::databases::act("claim"));
                tx.commit().await.unwrap();
                job.is_some()
            })
        });
        let mut got = 0;
        for reach in reaching.collect::<Vec<_>>() {
            got += i32::from(reach.await.unwrap());
        }
        assert_eq!(got, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_given_up_may_be_tried_again_and_keeps_its_steps() {
    on_both(async |db| {
        let job = ask(&db).await;
        let one = lease("one", 1, 5);
        claim(&db, &one).await.unwrap();
        advance(&db, job.id, &one, "facts").await.unwrap();
        let mut tx = db.writing().await;
        jobs::finish(&mut tx, job.id, &one, JobEnd::Failed, "磁盘已满")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(claim(&db, &one).await, None);
        let failed = jobs::find_key(&db.store, "screen", "2026-08")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (failed.state, failed.payload.as_str()),
            (JobState::Failed, "磁盘已满")
        );
        let mut tx = db.writing().await;
        jobs::retry(&mut tx, job.id, &moment(2)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(claim(&db, &lease("two", 3, 9)).await.unwrap().step, "facts");
        let outcome = jobs::step_outcome(&db.store, job.id, "facts")
            .await
            .unwrap();
        assert_eq!(outcome.as_deref(), Some("ok"));
        let done = lease("two", 4, 9);
        let mut tx = db.writing().await;
        jobs::finish(&mut tx, job.id, &done, JobEnd::Done, "{}")
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(
            jobs::list(&db.store, i64::MAX, 9).await.unwrap()[0].state,
            JobState::Done
        );
        assert_eq!(
            jobs::find(&db.store, job.id).await.unwrap().unwrap().holder,
            None
        );
    })
    .await;
}
