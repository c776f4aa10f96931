//! Seals: a row changed, added, removed or put back behind the program is found, in every table there is.

use crate::databases::{Bench, act, day, moment, on_both, person, row};
use store::persons::{self, Change, PersonStatus};
use store::seal::{self, Broken, UNSEALED};
use store::{Backend, audit, batches, identity};

/// A table of the database: its columns with their types, without the seal.
struct Shape {
    name: String,
    columns: Vec<(String, String)>,
    key: Vec<String>,
}

async fn shapes(db: &Bench) -> Vec<Shape> {
    let question = match db.store.backend() {
        Backend::Sqlite => {
            "select m.name, c.name, lower(c.type), cast(c.pk as text) from sqlite_schema m
             join pragma_table_info(m.name) c
             where m.type = 'table' and m.name not like 'sqlite%' order by m.name, c.cid"
        }
        Backend::Postgres => {
            "select c.table_name::text, c.column_name::text, c.data_type::text,
                coalesce((select k.ordinal_position::text
                    from information_schema.key_column_usage k
                    join information_schema.table_constraints t
                        on t.constraint_name = k.constraint_name and t.constraint_type = 'PRIMARY KEY'
                    where k.table_name = c.table_name and k.column_name = c.column_name), '0')
             from information_schema.columns c where c.table_schema = 'public'
             order by c.table_name, c.ordinal_position"
        }
    };
    let mut shapes: Vec<Shape> = Vec::new();
    for row in db.raw_words(question).await {
        let [table, column, kind, place] = <[String; 4]>::try_from(row).unwrap();
        if shapes.last().is_none_or(|shape| shape.name != table) {
            shapes.push(Shape {
                name: table,
                columns: Vec::new(),
                key: Vec::new(),
            });
        }
        let shape = shapes.last_mut().unwrap();
        if place != "0" {
            shape.key.push(column.clone());
        }
        if column != "seal" {
            shape.columns.push((column, kind));
        }
    }
    shapes
}

fn is_sealed(table: &str) -> bool {
    UNSEALED.iter().all(|(name, _)| *name != table)
}

/// A value of a column, one of two.
fn value(kind: &str, other: bool) -> &'static str {
    match (kind, other) {
        ("integer" | "bigint", false) => "1",
        ("integer" | "bigint", true) => "2",
        ("blob" | "bytea", false) => "'\\x61'",
        ("blob" | "bytea", true) => "'\\x62'",
        (_, false) => "'2026-01'",
        (_, true) => "'2026-02'",
    }
}

fn written(backend: Backend, kind: &str, other: bool) -> String {
    let value = value(kind, other);
    match (backend, kind) {
        (Backend::Sqlite, "blob") => value.replace("'\\x", "x'"),
        _ => value.to_owned(),
    }
}

const BEFORE_SEALS: &str = "drop table seal_head; alter table audit drop column state;
    alter table audit_head drop column tables; delete from schema_version where version = 16;";

/// Makes of a new record one as it was before there were seals, with a row in every protected table.
async fn an_older_record_with_a_row_in_every_table(db: &Bench, shapes: &[Shape]) {
    let backend = db.store.backend();
    let mut sql = match backend {
        Backend::Sqlite => "pragma ignore_check_constraints = on;".to_owned(),
        // Rows of nonsense are put in; whether they make sense is not the question here.
        Backend::Postgres => "do $$ declare c record; begin
            for c in select conrelid::regclass as t, conname from pg_constraint
                where contype in ('c', 'x') and connamespace = 'public'::regnamespace
            loop execute format('alter table %s drop constraint %I', c.t, c.conname); end loop;
            end $$;"
            .to_owned(),
    };
    sql += "create table kept_meta as select name, value from meta;";
    for shape in shapes.iter().filter(|shape| is_sealed(&shape.name)) {
        let names: Vec<&str> = shape
            .columns
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let values: Vec<String> = shape
            .columns
            .iter()
            .map(|(_, kind)| written(backend, kind, false))
            .collect();
        let (table, names, values) = (&shape.name, names.join("\", \""), values.join(", "));
        sql +=
            &format!("delete from {table}; insert into {table} (\"{names}\") values ({values});");
    }
    sql += "insert into meta (name, value) select name, value from kept_meta; drop table kept_meta;
        delete from counter;";
    sql += BEFORE_SEALS;
    db.tamper_all(&sql).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_column_changed_by_hand_is_found_in_every_table_there_is() {
    on_both(async |mut db| {
        let shapes = shapes(&db).await;
        for (table, reason) in UNSEALED {
            assert!(shapes.iter().any(|shape| shape.name == table), "{table}");
            assert!(!reason.is_empty());
        }
        an_older_record_with_a_row_in_every_table(&db, &shapes).await;
        db.reopen().await.unwrap();
        let verdict = seal::check(&db.store).await.unwrap();
        assert_eq!(verdict.findings, [], "sealed as it stood");
        assert!(verdict.since.is_some(), "the chain says from when on");
        if db.store.backend() == Backend::Sqlite {
            // Whoever owns the file takes its rules away first.
            let rules =
                "select 'drop trigger ' || name || ';' from sqlite_schema where type = 'trigger'";
            db.tamper_all(&db.raw_words(rules).await.concat().concat())
                .await;
        }
        let backend = db.store.backend();
        let sealed: Vec<&Shape> = shapes
            .iter()
            .filter(|shape| is_sealed(&shape.name))
            .collect();
        assert!(sealed.len() > 100, "{}", sealed.len());
        let widest = sealed
            .iter()
            .map(|shape| shape.columns.len())
            .max()
            .unwrap();
        for place in 0..widest {
            // The first column in each table at once, then the second …
            let with: Vec<(&Shape, &(String, String))> = sealed
                .iter()
                .filter_map(|shape| Some((*shape, shape.columns.get(place)?)))
                .filter(|(shape, _)| shape.name != "meta")
                .collect();
            let set = |other: bool| -> String {
                let one = |(shape, (column, kind)): &(&Shape, &(String, String))| {
                    let value = written(backend, kind, other);
                    format!("update {} set \"{column}\" = {value};", shape.name)
                };
                with.iter().map(one).collect()
            };
            db.tamper_all(&set(true)).await;
            let found = seal::check(&db.store).await.unwrap().findings;
            let found: Vec<(&str, Broken)> =
                found.iter().map(|f| (f.table.as_str(), f.broken)).collect();
            let expected: Vec<(&str, Broken)> = with
                .iter()
                .map(|(shape, _)| (shape.name.as_str(), Broken::Changed))
                .collect();
            assert_eq!(found, expected, "column {place}");
            db.tamper_all(&set(false)).await;
        }
        assert!(seal::check(&db.store).await.unwrap().is_whole());
    })
    .await;
}

/// Three persons, one of whom has died since: persons 1, 2 and 3.
async fn fill(db: &Bench) {
    db.batch().await;
    let mut tx = db.writing().await;
    let people = (1..4).map(|n| person(n, "王小英", &format!("99010119540312000{n}")));
    let at = moment(1);
    let people = persons::create_many(&mut tx, &at, people.collect());
    let ids = people.await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = db.writing().await;
    let died = (ids[1], row(9), Change::Death(Some(day("2026-08-03"))));
    let changes = [
        died,
        (ids[1], row(9), Change::Status(PersonStatus::Deceased)),
    ];
    assert_eq!(
        persons::change_many(&mut tx, &moment(2), &changes)
            .await
            .unwrap(),
        2
    );
    tx.commit().await.unwrap();
    assert_eq!(seal::check(&db.store).await.unwrap().findings, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_of_before_there_were_seals_is_sealed_as_it_stands() {
    on_both(async |mut db| {
        fill(&db).await;
        let shapes = shapes(&db).await;
        let without = |shape: &Shape| format!("alter table {} drop column seal;", shape.name);
        let sealed = shapes.iter().filter(|shape| is_sealed(&shape.name));
        let mut sql: String = sealed.map(without).collect();
        sql += BEFORE_SEALS;
        db.tamper_all(&sql).await;
        db.reopen().await.unwrap();
        let verdict = seal::check(&db.store).await.unwrap();
        assert_eq!(verdict.findings, []);
        let begun = audit::list(&db.store, &audit::About::Everything, i64::MAX, 1).await;
        assert_eq!(begun.unwrap()[0].act, "seal.begin");
        db.tamper_all("update person set death = null where person_id = 2")
            .await;
        let found = seal::check(&db.store).await.unwrap().findings;
        assert_eq!((found.len(), found[0].key.as_str()), (1, "2"));
    })
    .await;
}

/// Fills a record, tampers with it, and compares what is told: table, key, what, how many.
async fn check(sql: &str, expected: &[(&str, &str, Broken, u64)]) {
    on_both(async |db| {
        fill(&db).await;
        db.tamper_all(sql).await;
        let found = seal::check(&db.store).await.unwrap().findings;
        let told: Vec<_> = found
            .iter()
            .map(|f| (f.table.as_str(), f.key.as_str(), f.broken, f.rows))
            .collect();
        assert_eq!(told, expected, "{sql}");
    })
    .await;
}

/// The same where the shape of the record was tampered with.
async fn check_reopened(sql: &str, expected: (&str, Broken)) {
    on_both(async |mut db| {
        fill(&db).await;
        db.tamper_all(sql).await;
        db.reopen().await.unwrap();
        let found = seal::check(&db.store).await.unwrap().findings;
        let told: Vec<_> = found.iter().map(|f| (f.table.as_str(), f.broken)).collect();
        assert_eq!(told, [expected], "{sql}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_robbed_of_its_seals_is_told() {
    check_reopened(
        "alter table person_change drop column seal",
        ("person_change", Broken::Bare),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_row_is_named_by_its_key() {
    let changed = [("person", "2", Broken::Changed, 1)];
    check(
        "update person set death = null where person_id = 2",
        &changed,
    )
    .await;
    // The seal of another row does not fit.
    let sql = "update person set seal = (select p.seal from person p where p.person_id = 3)
        where person_id = 2";
    let both = [changed[0], ("person", "", Broken::PutBack, 0)];
    check(sql, &both).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_was_added_is_found_with_or_without_a_copied_seal() {
    let columns =
        "row_id, created_at, sex, birth, death, area, registered_area, urban_rural, status";
    let add = |seal: &str| {
        format!(
            "insert into person (person_id, seal, {columns})
             select 7, {seal}, {columns} from person where person_id = 3"
        )
    };
    check(&add("null"), &[("person", "7", Broken::Unsealed, 1)]).await;
    let copied = [
        ("person", "7", Broken::Changed, 1),
        ("person", "", Broken::Returned, 1),
    ];
    check(&add("seal"), &copied).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_row_is_found_and_named_where_numbers_have_no_gaps() {
    let removed = [("person", "2", Broken::Removed, 1)];
    check("delete from person where person_id = 2", &removed).await;
    let last = [("person", "", Broken::Removed, 1)];
    check_reopened(
        "drop table person_change",
        ("person_change", Broken::Removed),
    )
    .await;
    check("delete from person where person_id = 3", &last).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_put_back_as_it_once_was_is_found_by_the_sum() {
    on_both(async |db| {
        db.batch().await;
        let copy = "create table once as select * from feed_batch";
        db.tamper_all(copy).await;
        let mut tx = db.writing().await;
        let counts = batches::Counts::default();
        let (state, at) = (batches::BatchState::Applied, moment(2));
        batches::finish(&mut tx, 1, state, counts, &at)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let heads = "create table heads as select * from seal_head";
        db.tamper_all(&format!(
            "{heads}; delete from feed_batch; insert into feed_batch select * from once"
        ))
        .await;
        let found = seal::check(&db.store).await.unwrap().findings;
        let told: Vec<_> = found.iter().map(|f| (f.table.as_str(), f.broken)).collect();
        assert_eq!(told, [("feed_batch", Broken::PutBack)]);
        assert!(audit::verify(&db.store, &[]).await.unwrap().is_whole());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_put_back_together_with_their_sums_do_not_fit_the_head_of_the_chain() {
    on_both(async |db| {
        db.batch().await;
        let copy = "create table once as select * from feed_batch;
            create table sums as select * from seal_head;
            create table head as select * from audit_head";
        db.tamper_all(copy).await;
        let mut tx = db.writing().await;
        let counts = batches::Counts::default();
        let (state, at) = (batches::BatchState::Applied, moment(2));
        batches::finish(&mut tx, 1, state, counts, &at).await.unwrap();
        tx.commit().await.unwrap();
        let back = "delete from feed_batch; insert into feed_batch select * from once;
            delete from seal_head; insert into seal_head select * from sums;
            update audit_head set tables = (select tables from head)";
        db.tamper_all(back).await;
        let found = seal::check(&db.store).await.unwrap().findings;
        let told: Vec<_> = found.iter().map(|f| (f.table.as_str(), f.broken)).collect();
        assert_eq!(told, [("seal_head", Broken::Sums)]);
        // Even with the state of an earlier entry copied into the last one and its digest made anew.
        let entry = db.raw_number("select max(seq) from audit").await;
        db.tamper(&format!(
            "update audit set state = (select state from audit where seq = {} ) where seq = {entry}",
            entry - 1
        ))
        .await;
        assert!(!seal::check(&db.store).await.unwrap().is_whole());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_goes_on_being_whole_after_its_keys_are_changed() {
    on_both(async |mut db| {
        fill(&db).await;
        db.store.add_key(act("key")).await.unwrap();
        identity::rotate(&db.store, &moment(3), "li", 2)
            .await
            .unwrap();
        assert_eq!(seal::check(&db.store).await.unwrap().findings, []);
        db.reopen().await.unwrap();
        assert_eq!(seal::check(&db.store).await.unwrap().findings, []);
    })
    .await;
}
