//! Whether the way of a 流程 can be gone: every name leads to a step, every step is reached, every way
//! ends, and the steps' own times fit into those of the law.

use super::Builder;
use super::procedures::Draft;
use crate::ast::Name;
use crate::problem::{Problem, Span, nearest};
use crate::procedure::written;
use domain::procedure::{Counted, Length, Procedure, RELATIVE, When};
use std::collections::{BTreeMap, BTreeSet};

/// The steps by their place, and which lead where.
pub(super) struct Map<'a> {
    procedure: &'a Procedure,
    at: BTreeMap<&'a str, usize>,
    /// Steps that can come later, not counting the step itself unless a way leads back.
    later: Vec<BTreeSet<usize>>,
}

impl<'a> Map<'a> {
    pub(super) fn of(procedure: &'a Procedure) -> Self {
        let steps = procedure.steps.iter().enumerate();
        let at: BTreeMap<&str, usize> = steps.map(|(i, s)| (s.name.as_str(), i)).collect();
        let direct: Vec<BTreeSet<usize>> = procedure
            .steps
            .iter()
            .map(|s| {
                s.next
                    .iter()
                    .filter_map(|n| at.get(n.step.as_str()).copied())
                    .collect()
            })
            .collect();
        let later = (0..direct.len())
            .map(|from| {
                let mut seen = BTreeSet::new();
                let mut open: Vec<usize> =
                    direct.get(from).into_iter().flatten().copied().collect();
                while let Some(step) = open.pop() {
                    if seen.insert(step) {
                        open.extend(direct.get(step).into_iter().flatten());
                    }
                }
                seen
            })
            .collect();
        Self {
            procedure,
            at,
            later,
        }
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.at.get(name).copied()
    }

    /// Whether `after` can come after `before`.
    fn leads(&self, before: usize, after: usize) -> bool {
        self.later.get(before).is_some_and(|l| l.contains(&after))
    }

    /// Whether a step stands between the two, the end included.
    fn within(&self, step: usize, from: usize, to: usize) -> bool {
        step != from && self.leads(from, step) && (step == to || self.leads(step, to))
    }

    /// Steps that can be reached from the first one without passing some.
    pub(super) fn without_passing(&self, some: &[String]) -> BTreeSet<usize> {
        let mut seen = BTreeSet::new();
        let mut open = vec![0];
        while let Some(at) = open.pop() {
            let Some(step) = self.procedure.steps.get(at) else {
                continue;
            };
            if !some.contains(&step.name) && seen.insert(at) {
                open.extend(step.next.iter().filter_map(|n| self.place(&n.step)));
            }
        }
        seen
    }

    /// Where a limit begins: a step, or for a circumstance the first one.
    fn start(&self, from: &str) -> usize {
        self.place(from).unwrap_or(0)
    }

    /// The way from one step to another on which nothing special happens; the shortest when the
    /// usual way does not lead there.
    fn usual(&self, from: usize, to: usize) -> Vec<usize> {
        let mut way = Vec::new();
        let mut at = from;
        while at != to && way.len() <= self.procedure.steps.len() {
            let nexts = self.procedure.steps.get(at).map(|s| &s.next);
            let plain = nexts.and_then(|n| n.iter().find(|n| n.when.any_of.is_empty()));
            let Some(next) = plain.and_then(|n| self.place(&n.step)) else {
                return self.shortest(from, to);
            };
            way.push(next);
            at = next;
        }
        if at == to {
            way
        } else {
            self.shortest(from, to)
        }
    }

    fn shortest(&self, from: usize, to: usize) -> Vec<usize> {
        let mut came: BTreeMap<usize, usize> = BTreeMap::new();
        let mut open = std::collections::VecDeque::from([from]);
        while let Some(at) = open.pop_front() {
            for next in self
                .procedure
                .steps
                .get(at)
                .into_iter()
                .flat_map(|s| &s.next)
            {
                if let Some(place) = self.place(&next.step)
                    && place != from
                    && !came.contains_key(&place)
                {
                    came.insert(place, at);
                    open.push_back(place);
                }
            }
        }
        let mut way = Vec::new();
        let mut at = to;
        while at != from {
            way.push(at);
            match came.get(&at) {
                Some(before) => at = *before,
                None => return vec![],
            }
        }
        way.reverse();
        way
    }
}

impl Builder<'_> {
    /// Everything that keeps the way from being gone.
    pub(super) fn ways(&mut self, draft: &Draft) {
        let map = Map::of(&draft.procedure);
        let known = self.names_lead(draft, &map);
        if !known || !draft.whole || draft.steps.is_empty() {
            // A missing step would be told again as one nobody reaches.
            return;
        }
        self.circumstances_used(draft);
        self.reached(draft, &map);
        self.ends(draft, &map);
        self.choices_closed(draft);
        self.earlier_steps(draft, &map);
        self.papers_asked_once(draft, &map);
        self.notice_hangs(draft, &map);
        self.limits_fit(draft, &map);
    }

    /// Every step and circumstance named is one of the procedure.
    fn names_lead(&mut self, draft: &Draft, map: &Map<'_>) -> bool {
        let before = self.problems.len();
        let cases: BTreeSet<&str> = draft
            .procedure
            .circumstances
            .iter()
            .map(|c| c.name.as_str())
            .collect();
        for spots in &draft.steps {
            for name in spots.next.iter().chain(&spots.other_than) {
                self.known_step(name, map, None, draft.whole);
            }
            if let Some(name) = &spots.from {
                self.known_step(name, map, Some(&cases), draft.whole);
            }
        }
        for limit in &draft.limits {
            self.known_step(&limit.from, map, Some(&cases), draft.whole);
            for name in std::iter::once(&limit.to).chain(&limit.without) {
                self.known_step(name, map, None, draft.whole);
            }
        }
        for name in &draft.notice {
            self.known_step(name, map, None, draft.whole);
        }
        for name in draft
            .whens
            .iter()
            .filter(|n| !cases.contains(n.text.as_str()))
        {
            let said = format!("没有 `{}` 这个情形", name.text);
            let help = nearest(&name.text, cases.iter().copied()).map_or_else(
                || format!("先写一行 遇有 {}  说明 …", name.text),
                |n| format!("是不是 `{n}`?"),
            );
            self.error("circumstance-unknown", name.span, said, help);
        }
        for (case, at) in draft
            .procedure
            .circumstances
            .iter()
            .zip(&draft.circumstances)
        {
            if map.place(&case.name).is_some() {
                let said = format!("`{}` 既是步骤又是情形", case.name);
                self.error("circumstance-step", *at, said, "换一个名称");
            }
        }
        self.problems.len() == before
    }

    fn known_step(
        &mut self,
        name: &Name,
        map: &Map<'_>,
        cases: Option<&BTreeSet<&str>>,
        whole: bool,
    ) {
        let is_case = cases.is_some_and(|c| c.contains(name.text.as_str()));
        if is_case || map.place(&name.text).is_some() || !whole {
            return;
        }
        let known = map.at.keys().chain(cases.into_iter().flatten()).copied();
        let help = nearest(&name.text, known).map_or_else(
            || format!("先写一行 步骤 {}  谁 …", name.text),
            |n| format!("是不是 `{n}`?"),
        );
        let said = format!("没有 `{}` 这一步", name.text);
        self.error("step-unknown", name.span, said, help);
    }

    /// A circumstance that changes nothing is not asked for.
    fn circumstances_used(&mut self, draft: &Draft) {
        let froms = draft.steps.iter().flat_map(|s| &s.from);
        let limits = draft.limits.iter().map(|l| &l.from);
        let used: BTreeSet<&str> = draft
            .whens
            .iter()
            .chain(froms)
            .chain(limits)
            .map(|n| n.text.as_str())
            .collect();
        for (case, at) in draft
            .procedure
            .circumstances
            .iter()
            .zip(&draft.circumstances)
        {
            // The program itself looks into every case of a relative of staff.
            if !used.contains(case.name.as_str()) && case.name != RELATIVE {
                let said = format!("情形 `{}` 不影响哪一步,也不影响期限", case.name);
                let help = "在 下一步、时限 或 公示 里写 当 它,或删去这一行";
                self.error("circumstance-unused", *at, said, help);
            }
        }
    }

    fn reached(&mut self, draft: &Draft, map: &Map<'_>) {
        let led_to: BTreeSet<&str> = draft
            .procedure
            .steps
            .iter()
            .flat_map(|s| s.next.iter().filter(|n| n.step != s.name))
            .map(|n| n.step.as_str())
            .collect();
        let first = draft.procedure.first().map_or("", |s| s.name.as_str());
        for (at, step) in draft.procedure.steps.iter().enumerate().skip(1) {
            if map.leads(0, at) {
                continue;
            }
            let span = draft.steps.get(at).map_or(draft.at, |s| s.name);
            let name = &step.name;
            if led_to.contains(name.as_str()) {
                let said = format!("从 `{first}` 走不到 `{name}`");
                self.error(
                    "step-unreached",
                    span,
                    said,
                    "在前面的一步写 下一步,或删去这几步",
                );
            } else {
                let said = format!("流程有两个开头:`{first}` 和 `{name}`");
                let help = format!("在前面的一步写 下一步 {name},或把它另写成一个流程");
                self.error("start-two", span, said, help);
            }
        }
    }

    fn ends(&mut self, draft: &Draft, map: &Map<'_>) {
        let steps = &draft.procedure.steps;
        let is_end = |at: usize| steps.get(at).is_some_and(|s| s.next.is_empty());
        for (at, step) in steps.iter().enumerate() {
            let ends = map
                .later
                .get(at)
                .is_some_and(|l| l.iter().any(|s| is_end(*s)));
            if is_end(at) || ends {
                continue;
            }
            let span = draft.steps.get(at).map_or(draft.at, |s| s.name);
            let said = format!("从 `{}` 往下走,没有办完的一步", step.name);
            self.error(
                "way-endless",
                span,
                said,
                "让其中一步通到不写 下一步 的一步",
            );
            return;
        }
    }

    /// Of several next steps the last is for all other cases, and only the last.
    fn choices_closed(&mut self, draft: &Draft) {
        for (step, spots) in draft.procedure.steps.iter().zip(&draft.steps) {
            let open = |w: &When| w.any_of.is_empty();
            let Some((last, before)) = step.next.split_last() else {
                continue;
            };
            if !open(&last.when) {
                let at = spots.next.last().map_or(spots.name, |n| n.span);
                let said = format!("遇不到这些情形时,`{}` 办完以后没有下一步", step.name);
                let help = "最后写一个不带 当 的 下一步";
                self.error("next-open", at, said, help);
            }
            if let Some(early) = before.iter().position(|n| open(&n.when)) {
                let at = spots.next.get(early).map_or(spots.name, |n| n.span);
                let said = format!("`{}` 不带 当,排在它后面的 下一步 永远轮不到", step.name);
                self.error("next-hidden", at, said, "把不带 当 的 下一步 写在最后");
            }
        }
    }

    /// A time runs from what was done before; a doer is kept apart from those of earlier steps.
    fn earlier_steps(&mut self, draft: &Draft, map: &Map<'_>) {
        for (at, (step, spots)) in draft.procedure.steps.iter().zip(&draft.steps).enumerate() {
            let later = |n: &&Name| map.place(&n.text).is_some_and(|p| !map.leads(p, at));
            for name in spots.from.iter().filter(later) {
                let said = format!(
                    "`{}` 的期限从 `{}` 起算,它却不在这一步以前",
                    step.name, name.text
                );
                self.error("limit-later", name.span, said, "写这一步以前的一步");
            }
            for name in spots.other_than.iter().filter(later) {
                let said = format!("`{}` 不在 `{}` 以前,谈不上换人", name.text, step.name);
                self.error("other-later", name.span, said, "写这一步以前的一步");
            }
        }
        for limit in &draft.limits {
            let Some(to) = map.place(&limit.to.text) else {
                continue;
            };
            let from = map.place(&limit.from.text);
            if from.is_some_and(|f| !map.leads(f, to)) {
                let said = format!("从 `{}` 走不到 `{}`", limit.from.text, limit.to.text);
                self.error(
                    "limit-way",
                    limit.to.span,
                    said,
                    "自 写前面的一步,至 写后面的一步",
                );
                continue;
            }
            let start = map.start(&limit.from.text);
            let outside = |n: &&Name| {
                map.place(&n.text)
                    .is_some_and(|p| !map.within(p, start, to))
            };
            for name in limit.without.iter().filter(outside) {
                let said = format!("`{}` 不在这个时限里面,用不着不计", name.text);
                self.error("limit-without", name.span, said, "写 自 和 至 之间的步骤");
            }
        }
    }

    /// A paper handed in once is not asked for again.
    fn papers_asked_once(&mut self, draft: &Draft, map: &Map<'_>) {
        for (at, spots) in draft.steps.iter().enumerate() {
            for paper in &spots.papers {
                let earlier = draft.steps.iter().enumerate().find(|(before, s)| {
                    *before != at
                        && map.leads(*before, at)
                        && s.papers.iter().any(|p| p.text == paper.text)
                });
                if let Some((before, _)) = earlier {
                    let step = draft.procedure.steps.get(before).map_or("", |s| &s.name);
                    let said = format!("`{}` 在 `{step}` 已经交过", paper.text);
                    self.error("paper-again", paper.span, said, "删去后面的一处");
                }
            }
        }
    }

    /// 公示 hangs for days, and who must not be shown is led around it.
    fn notice_hangs(&mut self, draft: &Draft, map: &Map<'_>) {
        let Some(notice) = &draft.procedure.notice else {
            return;
        };
        for name in &draft.notice {
            let limit = draft
                .procedure
                .step(&name.text)
                .and_then(|s| s.limit.as_ref());
            if limit.is_none_or(|l| l.length.counted != Counted::Days) {
                let said = format!("`{}` 没有写公示几天", name.text);
                let help = "在这一步写 限 7 天(公示按自然天算)";
                self.error("notice-days", name.span, said, help);
            }
        }
        let before = map.without_passing(&notice.steps);
        for case in &notice.unless.any_of {
            for at in &before {
                let (Some(step), Some(spots)) =
                    (draft.procedure.steps.get(*at), draft.steps.get(*at))
                else {
                    continue;
                };
                let shown = |n: &domain::procedure::Next| notice.steps.contains(&n.step);
                let around =
                    |n: &domain::procedure::Next| !shown(n) && n.when.any_of.contains(case);
                let into = step.next.iter().position(shown);
                let led = step.next.iter().position(around);
                if let Some(into) = into
                    && led.is_none_or(|l| l > into)
                {
                    let at = spots.next.get(into).map_or(spots.name, |n| n.span);
                    let to = step.next.get(into).map_or("", |n| &n.step);
                    let said = format!("`{case}` 的不公示,`{}` 却通到 `{to}`", step.name);
                    let help = format!("在它前面写一个 下一步 … 当 {case},绕过公示");
                    self.error("notice-around", at, said, help);
                    return;
                }
            }
        }
    }

    fn limits_fit(&mut self, draft: &Draft, map: &Map<'_>) {
        let limits = &draft.procedure.limits;
        for (at, (limit, spots)) in limits.iter().zip(&draft.limits).enumerate() {
            let same = limits
                .iter()
                .take(at)
                .any(|l| l.from == limit.from && l.to == limit.to && l.when == limit.when);
            if same {
                let said = format!("从 `{}` 至 `{}` 的时限写了两次", limit.from, limit.to);
                self.error("limit-twice", spots.at, said, "删去一处,或写明 当 什么情形");
            }
            let Some(to) = map.place(&limit.to) else {
                continue;
            };
            let from = map.start(&limit.from);
            let longest = limit.extended.as_ref().map_or(limit.length, |(l, _)| *l);
            for (step, own) in draft.procedure.steps.iter().zip(&draft.steps) {
                let place = map.place(&step.name);
                let inside = place.is_some_and(|p| map.within(p, from, to))
                    && !limit.without.contains(&step.name);
                let long = step.limit.as_ref().is_some_and(|l| {
                    let since = l.from.as_ref().and_then(|f| map.place(f));
                    l.length.counted == longest.counted
                        && l.length.count > longest.count
                        && since.is_none_or(|s| s == from || map.leads(from, s))
                });
                if inside && long && !draft.open {
                    let said = format!(
                        "`{}` 自己的期限比它所在的时限({})还长",
                        step.name,
                        written(longest)
                    );
                    self.error("limit-exceeds", own.limit, said, "改短这一步的期限");
                }
            }
            if limit.length.counted == Counted::Workdays && !draft.open {
                self.usual_way_fits(draft, map, (from, to), limit, spots.at);
            }
        }
    }

    /// The steps' own times one after the other, as long as nothing special happens.
    fn usual_way_fits(
        &mut self,
        draft: &Draft,
        map: &Map<'_>,
        (from, to): (usize, usize),
        limit: &domain::procedure::TimeLimit,
        at: Span,
    ) {
        let mut done: BTreeMap<usize, u32> = BTreeMap::from([(from, 0)]);
        let mut before = 0;
        for place in map.usual(from, to) {
            let Some(step) = draft.procedure.steps.get(place) else {
                continue;
            };
            let counts = !limit.without.contains(&step.name);
            if let Some(own) = step.limit.as_ref().filter(|_| counts) {
                let since = own.from.as_ref().and_then(|f| map.place(f));
                let start = match since {
                    Some(s) => done.get(&s).copied(),
                    None => Some(before),
                };
                if let (Some(start), Some(days)) = (start, workdays(own.length)) {
                    before = before.max(start.saturating_add(days));
                }
            }
            done.insert(place, before);
        }
        if before > limit.length.count {
            let said = format!(
                "照各步的期限一步接一步,第 {before} 个工作日才办完 `{}`,超过 {}",
                limit.to,
                written(limit.length)
            );
            self.tell(
                Problem::warning("limit-sum", at, said).help("改短其中几步的期限,或让几步同时起算"),
            );
        }
    }
}

/// How many working days a time takes up in an ordinary week; none for months.
fn workdays(length: Length) -> Option<u32> {
    match length.counted {
        Counted::Workdays => Some(length.count),
        Counted::Days => {
            let (weeks, rest) = (length.count.checked_div(7)?, length.count.checked_rem(7)?);
            weeks.checked_mul(5)?.checked_add(rest.min(5))
        }
        Counted::Months => None,
    }
}
