//! How words, marks and numbers look: a class and an icon beside each word, never a colour alone.

use std::fmt;

use askama::filters::HtmlSafe;
use office::views::{BatchState, LineKind, Mark, SpanKind, Tone, Verdict, Word};

use crate::assets;

/// An icon of the sprite; decoration only, the word stands beside it.
pub(crate) struct Icon(pub(crate) &'static str);

impl HtmlSafe for Icon {}

impl fmt::Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "<svg class=\"icon\" width=\"20\" height=\"20\" aria-hidden=\"true\" focusable=\"false\">\
             <use href=\"{}#{}\"></use></svg>",
            assets::url("vendor/tabler-icons-3.51.0/icons.svg"),
            self.0
        )
    }
}

/// Something that is felt as well as read.
pub(crate) trait Look {
    /// The class of our style sheet.
    fn class(&self) -> &'static str;
    /// The icon beside the word.
    fn icon(&self) -> Icon;
}

impl Look for Tone {
    fn class(&self) -> &'static str {
        match self {
            Tone::Good => "tone-good",
            Tone::Calm => "tone-calm",
            Tone::Notice => "tone-notice",
            Tone::Urgent => "tone-urgent",
            Tone::Unknown => "tone-unknown",
        }
    }

    fn icon(&self) -> Icon {
        Icon(match self {
            Tone::Good => "circle-check",
            Tone::Calm => "info-circle",
            Tone::Notice => "alert-triangle",
            Tone::Urgent => "alert-octagon",
            Tone::Unknown => "help-circle",
        })
    }
}

impl Look for Word {
    fn class(&self) -> &'static str {
        self.tone.class()
    }

    fn icon(&self) -> Icon {
        self.tone.icon()
    }
}

impl Look for Mark {
    fn class(&self) -> &'static str {
        match self {
            Mark::Holds => "mark-holds",
            Mark::Fails => "mark-fails",
            Mark::Unknown => "mark-unknown",
        }
    }

    fn icon(&self) -> Icon {
        Icon(match self {
            Mark::Holds => "circle-check",
            Mark::Fails => "circle-x",
            Mark::Unknown => "help-circle",
        })
    }
}

impl Look for Verdict {
    fn class(&self) -> &'static str {
        match self {
            Verdict::Met => "tone-good",
            Verdict::NotMet => "tone-plain",
            Verdict::Unsettled => "tone-unknown",
        }
    }

    fn icon(&self) -> Icon {
        self.mark().icon()
    }
}

impl Look for BatchState {
    fn class(&self) -> &'static str {
        match self {
            BatchState::Missing => "tone-unknown",
            BatchState::Applied => "tone-good",
            BatchState::Repeated => "tone-calm",
            BatchState::Waiting => "tone-notice",
            BatchState::Refused => "tone-urgent",
            BatchState::Undone => "tone-unknown",
        }
    }

    fn icon(&self) -> Icon {
        Icon(match self {
            BatchState::Missing => "clock",
            BatchState::Applied => "circle-check",
            BatchState::Repeated => "history",
            BatchState::Waiting => "alert-triangle",
            BatchState::Refused => "circle-x",
            BatchState::Undone => "history",
        })
    }
}

/// What a screen reader says, and what a printed page shows, for a mark.
pub(crate) trait Sign {
    /// ✓ ✗ ？
    fn sign(&self) -> &'static str;
    /// 成立, 不成立 or 不知.
    fn said(&self) -> &'static str;
}

impl Sign for Mark {
    fn sign(&self) -> &'static str {
        match self {
            Mark::Holds => "✓",
            Mark::Fails => "✗",
            Mark::Unknown => "？",
        }
    }

    fn said(&self) -> &'static str {
        match self {
            Mark::Holds => "成立",
            Mark::Fails => "不成立",
            Mark::Unknown => "未知",
        }
    }
}

/// A class for a part of text.
pub(crate) trait Part {
    /// The class of our style sheet.
    fn part(&self) -> &'static str;
}

impl Part for SpanKind {
    fn part(&self) -> &'static str {
        match self {
            SpanKind::Plain => "t",
            SpanKind::Keyword => "t-key",
            SpanKind::Name => "t-name",
            SpanKind::Number => "t-num",
            SpanKind::Article => "t-art",
            SpanKind::Reason => "t-why",
            SpanKind::Note => "t-note",
            SpanKind::Strong => "t-strong",
            SpanKind::Code => "t-code",
        }
    }
}

impl Part for LineKind {
    fn part(&self) -> &'static str {
        match self {
            LineKind::Fact => "k-fact",
            LineKind::Parameter => "k-parameter",
            LineKind::Quantity => "k-quantity",
            LineKind::Condition => "k-condition",
            LineKind::Benefit => "k-benefit",
        }
    }
}

/// A number as people read it.
pub(crate) trait Grouped {
    /// `1234567` as `1,234,567`.
    fn grouped(&self) -> String;
}

impl Grouped for u64 {
    fn grouped(&self) -> String {
        let digits = self.to_string();
        let mut text = String::with_capacity(digits.len() + digits.len() / 3);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        text
    }
}
