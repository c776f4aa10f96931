//! 影响预览: of exactly the texts that were proposed, approved once and by another person.

use crate::databases::{Bench, area, moment, month, on_both};
use domain::AreaLevel;
use std::collections::BTreeMap;
use store::organisations::{self, NewOrganisation};
use store::previews::{self, NewPreview};
use store::rulebooks::{self, NewVersion, Signature, VersionState};
use store::users::{self, NewUser, UserId};

async fn user(db: &Bench, login: &str) -> UserId {
    let mut tx = db.writing().await;
    let known = organisations::find(&tx, "bureau").await.unwrap();
    let organisation = match known {
        Some(office) => office.id,
        None => {
            let new = NewOrganisation {
                code: "bureau".to_owned(),
                name: "民政局".to_owned(),
                level: AreaLevel::County,
                area: area("990101"),
                parent: None,
            };
            organisations::add(&mut tx, &moment(1), &new).await.unwrap()
        }
    };
    let new = NewUser {
        login: login.to_owned(),
        name: format!("{login}的姓名"),
        organisation,
        password: "$argon2id$digest".to_owned(),
    };
    let id = users::add(&mut tx, &moment(1), new).await.unwrap();
    tx.commit().await.unwrap();
    id
}

fn preview(by: UserId, digest: u8) -> NewPreview {
    NewPreview {
        version: 1,
        digest: [digest; 32],
        month: month("2026-08"),
        days: "2027-01-01".to_owned(),
        on_roll: 40,
        turned: 3,
        figures: "{\"turned\":3}".to_owned(),
        made_by: by,
        made_at: moment(2),
    }
}

async fn keep(db: &Bench, new: &NewPreview) -> Result<i64, String> {
    let mut tx = db.writing().await;
    let no = previews::add(&mut tx, new).await;
    let no = no.map_err(|e| e.to_string())?;
    tx.commit().await.unwrap();
    Ok(no)
}

async fn approve(db: &Bench, no: i64, digest: [u8; 32], by: UserId) -> Result<(), String> {
    let hand = Signature {
        user: by,
        person: by.get(),
        at: moment(3),
    };
    let mut tx = db.writing().await;
    let done = previews::approve(&mut tx, no, digest, &hand).await;
    done.map_err(|e| e.to_string())?;
    tx.commit().await.unwrap();
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_is_of_the_texts_proposed_and_approved_once_by_another() {
    on_both(async |db| {
        let (chen, zhou) = (user(&db, "chen").await, user(&db, "zhou").await);
        let mut tx = db.writing().await;
        let version = NewVersion {
            no: 1,
            digest: [7; 32],
            base: 0,
            base_digest: [1; 32],
            effective: None,
            because: "示例民发〔2026〕1 号".to_owned(),
            state: VersionState::Waiting,
            proposed_by: chen,
            proposed_at: moment(1),
        };
        rulebooks::add(&mut tx, &version, &BTreeMap::new())
            .await
            .unwrap();
        tx.commit().await.unwrap();

        let other = keep(&db, &preview(chen, 8)).await.unwrap_err();
        assert!(other.contains("规则版本"), "{other}");
        let first = keep(&db, &preview(chen, 7)).await.unwrap();
        let newest = keep(&db, &preview(zhou, 7)).await.unwrap();
        let all = previews::of_version(&db.store, 1, 10).await.unwrap();
        assert_eq!(
            all.iter().map(|p| p.no).collect::<Vec<_>>(),
            [newest, first]
        );
        assert_eq!(all[1].content, preview(chen, 7));
        let figures = all[0].figures_digest;

        for (no, digest, by, why) in [
            (newest, figures, chen, "whoever proposed does not approve"),
            (
                first,
                figures,
                zhou,
                "an older preview is not what was read",
            ),
            (newest, [9; 32], zhou, "other figures were not read"),
        ] {
            assert!(approve(&db, no, digest, by).await.is_err(), "{why}");
        }
        approve(&db, newest, figures, zhou).await.unwrap();
        let all = previews::of_version(&db.store, 1, 1).await.unwrap();
        assert_eq!(all[0].approved.as_ref().map(|hand| hand.user), Some(zhou));
        assert!(approve(&db, newest, figures, zhou).await.is_err());
        for sql in [
            "update rulebook_preview set turned = 0 where preview_no = 1",
            "update rulebook_preview set approved_at = 'x' where approved_by is not null",
            "delete from rulebook_preview",
        ] {
            let refused = db.raw(sql).await.unwrap_err();
            assert!(refused.contains("rulebook_preview"), "{sql}: {refused}");
        }
    })
    .await;
}
