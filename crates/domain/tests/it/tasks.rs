use domain::task::{Budget, Task, Warning, joins, plan};
use domain::{HouseholdId, TaskId, WarningId, WorkerId};

use crate::day;

/// Warning number, door, urgency, day, worker.
fn warning((id, door, urgency, since, worker): (i64, i64, i64, &str, i64)) -> Warning {
    Warning {
        id: WarningId::new(id),
        household: HouseholdId::new(door),
        urgency,
        since: day(since),
        worker: (worker > 0).then(|| WorkerId::new(worker)),
    }
}

fn budget(rooms: &[(i64, usize)]) -> Budget {
    rooms
        .iter()
        .map(|(worker, room)| (WorkerId::new(*worker), *room))
        .collect()
}

/// `door:warnings` in the order the tasks are raised.
fn check(
    warnings: &[(i64, i64, i64, &str, i64)],
    open: &[Task],
    rooms: &[(i64, usize)],
    expected: &str,
) {
    let warnings: Vec<Warning> = warnings.iter().copied().map(warning).collect();
    let tasks: Vec<String> = plan(&warnings, open, &budget(rooms))
        .iter()
        .map(|task| {
            let warnings: Vec<String> = task.warnings.iter().map(ToString::to_string).collect();
            format!("{}:{}", task.household, warnings.join("+"))
        })
        .collect();
    assert_eq!(tasks.join(" "), expected);
}

#[test]
fn one_door_gets_one_task_with_everything_to_ask() {
    let warnings = [
        (1, 70, 5, "2026-08-01", 1),
        (2, 71, 3, "2026-08-01", 1),
        (3, 70, 9, "2026-08-02", 1),
    ];
    check(&warnings, &[], &[(1, 10)], "70:3+1 71:2");
}

#[test]
fn the_most_urgent_goes_first_and_the_longest_waiting_among_equals() {
    let warnings = [
        (1, 70, 5, "2026-08-02", 1),
        (2, 71, 5, "2026-08-01", 1),
        (3, 72, 9, "2026-08-03", 1),
    ];
    check(&warnings, &[], &[(1, 10)], "72:3 71:2 70:1");
    check(&warnings, &[], &[(1, 2)], "72:3 71:2");
}

#[test]
fn nobody_gets_more_than_the_budget_and_open_tasks_are_part_of_it() {
    let warnings = [
        (1, 70, 5, "2026-08-01", 1),
        (2, 71, 4, "2026-08-01", 1),
        (3, 72, 3, "2026-08-01", 2),
    ];
    let open = [Task {
        id: TaskId::new(9),
        household: HouseholdId::new(60),
        worker: WorkerId::new(1),
    }];
    check(&warnings, &open, &[(1, 2), (2, 1)], "70:1 72:3");
    check(&warnings, &open, &[(1, 1)], "");
}

#[test]
fn a_door_somebody_is_going_to_gets_no_second_task() {
    let warnings = [(1, 70, 5, "2026-08-01", 1), (2, 71, 4, "2026-08-01", 1)];
    let open = [Task {
        id: TaskId::new(9),
        household: HouseholdId::new(70),
        worker: WorkerId::new(1),
    }];
    check(&warnings, &open, &[(1, 10)], "71:2");
    let warnings: Vec<Warning> = warnings.iter().copied().map(warning).collect();
    assert_eq!(
        joins(&warnings, &open),
        [(WarningId::new(1), TaskId::new(9))]
    );
}

#[test]
fn a_door_nobody_serves_waits() {
    check(
        &[(1, 70, 5, "2026-08-01", 0), (2, 71, 1, "2026-08-01", 3)],
        &[],
        &[(1, 10)],
        "",
    );
}
