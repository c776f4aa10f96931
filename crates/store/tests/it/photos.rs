//! Photos: one content kept once under a key of its own, belonging to what it belongs to, through a change of keys.

use crate::databases::{Bench, moment, on_both};
use std::path::PathBuf;
use store::identity;
use store::photos::{
    self, AboutKind, KeptPhoto, NewContent, NewPhoto, PhotoAbout, PhotoKind, PhotoRole,
};
use store::{Act, StoreError};

const PICTURE: &[u8] = b"not a picture, but the record does not look";

async fn keep(db: &Bench, about: &PhotoAbout, matter: &str, bytes: &[u8]) -> KeptPhoto {
    let content = NewContent {
        kind: PhotoKind::Jpeg,
        wide: 4,
        high: 3,
        located: true,
        told: "{\"place\":[29560000,106500000]}",
        bytes,
    };
    let new = NewPhoto {
        about,
        matter,
        role: PhotoRole::Paper,
        label: "身份证件",
        name: "王桂英身份证.jpg",
        said_at: "2019-01-01",
    };
    let mut tx = db.writing().await;
    let folder = db.folder.path();
    let kept = photos::keep(&mut tx, folder, (&moment(1), "li"), &content, &new)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    kept
}

fn files(db: &Bench) -> Vec<PathBuf> {
    let shelves = std::fs::read_dir(db.folder.path().join("photos")).unwrap();
    let files = shelves.flat_map(|shelf| std::fs::read_dir(shelf.unwrap().path()).unwrap());
    files.map(|file| file.unwrap().path()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_content_is_kept_once_and_told_of_where_it_stands_twice() {
    on_both(async |db| {
        let draft = PhotoAbout::new(AboutKind::Draft, 7);
        let application = PhotoAbout::new(AboutKind::Application, 12);
        let first = keep(&db, &draft, "draft:7", PICTURE).await;
        let again = keep(&db, &draft, "draft:7", PICTURE).await;
        assert_eq!((again.no, again.again), (first.no, true));
        let other = PhotoAbout::new(AboutKind::Clue, 3);
        let second = keep(&db, &other, "clue:3", PICTURE).await;
        assert!(second.file == first.file && second.no != first.no);
        assert_eq!(files(&db).len(), 1);
        let elsewhere = photos::elsewhere(&db.store, first.file, "draft:7").await;
        assert_eq!(elsewhere.unwrap(), ["clue:3"]);

        let mut tx = db.writing().await;
        let to = (&application, "application:12");
        let carried = photos::carry(&mut tx, (&moment(2), "zhang"), &draft, to).await;
        assert_eq!(carried.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(photos::of(&db.store, &draft).await.unwrap(), []);
        let now = photos::of(&db.store, &application).await.unwrap();
        assert_eq!((now.len(), now[0].actor.as_str()), (1, "li"));
        assert_eq!(
            photos::name(&db.store, now[0].no).await.unwrap(),
            "王桂英身份证.jpg"
        );
        // What went on to an application is no second use of it.
        let elsewhere = photos::elsewhere(&db.store, first.file, "application:12").await;
        assert_eq!(elsewhere.unwrap(), ["clue:3"]);

        let mut tx = db.writing().await;
        photos::end(&mut tx, &moment(3), "li", now[0].no, "传错了")
            .await
            .unwrap();
        let twice = photos::end(&mut tx, &moment(3), "li", now[0].no, "传错了").await;
        assert!(
            matches!(twice, Err(StoreError::NotThere { .. })),
            "{twice:?}"
        );
        drop(tx);
        // A write that was not committed took nothing back.
        assert_eq!(photos::of(&db.store, &application).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_destroyed_opens_for_nobody_and_its_file_goes_unless_it_stands_elsewhere() {
    on_both(async |db| {
        let draft = PhotoAbout::new(AboutKind::Draft, 7);
        let clue = PhotoAbout::new(AboutKind::Clue, 3);
        let kept = keep(&db, &draft, "draft:7", PICTURE).await;
        keep(&db, &clue, "clue:3", PICTURE).await;
        let folder = db.folder.path().to_owned();
        let destroy = async |about: &PhotoAbout| {
            let mut tx = db.writing().await;
            let by = (&moment(2), "system");
            let many = photos::destroy(&mut tx, by, about, "过期没有交出").await;
            tx.commit().await.unwrap();
            many.unwrap()
        };
        // Everything on the disk was written before then.
        let later = std::fs::metadata(files(&db).remove(0)).unwrap();
        let later = later.modified().unwrap() + std::time::Duration::from_secs(1);
        let sweep = async || photos::sweep(&db.store, &folder, later).await.unwrap();
        assert_eq!(destroy(&draft).await, 1);
        let read = photos::content(&db.store, &folder, kept.file).await;
        assert_eq!(read.unwrap(), PICTURE, "the clue still holds it");
        assert_eq!(sweep().await, 0);
        assert_eq!(destroy(&clue).await, 1);
        assert!(
            photos::content(&db.store, &folder, kept.file)
                .await
                .is_err()
        );
        let sound = photos::unsound(&db.store, &folder, 9).await.unwrap();
        assert_eq!(sound, (Vec::new(), 0));
        assert_eq!((sweep().await, files(&db).len()), (1, 0));
        // The same content once more is kept anew.
        let again = keep(&db, &draft, "draft:8", PICTURE).await;
        assert_eq!((again.file, again.again), (kept.file, false));
        let read = photos::content(&db.store, &folder, again.file).await;
        assert_eq!(read.unwrap(), PICTURE);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_opens_through_a_change_of_keys_and_not_after_its_file_was_changed() {
    on_both(async |mut db| {
        let about = PhotoAbout::new(AboutKind::Visit, 5);
        let kept = keep(&db, &about, "task:5", PICTURE).await;
        let folder = db.folder.path().to_owned();
        let lies = files(&db).remove(0);
        let before = std::fs::read(&lies).unwrap();
        assert!(!before.windows(7).any(|part| part == b"picture"));

        let act = Act::new(&moment(2), "secadmin", "identity.add_key").because("密钥轮换");
        db.store.add_key(act).await.unwrap();
        let refused = identity::retire_old_keys(&db.store, &moment(3), "secadmin").await;
        assert!(refused.is_err(), "the photo still needs the old key");
        let step = identity::rotate(&db.store, &moment(3), "secadmin", 10).await;
        assert_eq!(step.unwrap().left, 0);
        identity::retire_old_keys(&db.store, &moment(4), "secadmin")
            .await
            .unwrap();
        db.reopen().await.unwrap();
        // Only the key of the file was sealed anew.
        assert_eq!(std::fs::read(&lies).unwrap(), before);
        let bytes = photos::content(&db.store, &folder, kept.file)
            .await
            .unwrap();
        assert_eq!(bytes, PICTURE);
        let told = photos::told(&db.store, kept.file).await.unwrap();
        assert!(told.contains("106500000"), "{told}");
        let sound = photos::unsound(&db.store, &folder, 9).await.unwrap();
        assert_eq!(sound, (Vec::new(), 1));

        let mut changed = before.clone();
        changed[20] ^= 1;
        std::fs::write(&lies, changed).unwrap();
        let refused = photos::content(&db.store, &folder, kept.file).await;
        assert!(
            matches!(refused, Err(StoreError::SealBroken { .. })),
            "{refused:?}"
        );
        std::fs::remove_file(&lies).unwrap();
        let (wrong, _) = photos::unsound(&db.store, &folder, 9).await.unwrap();
        assert_eq!(wrong.len(), 1);
    })
    .await;
}
