//! Where a session is in its life, by nxagent's own words. The picture of it stands at the head of [`super`].

use qvd_protocol::agent::SessionState;

use super::nxagent::LogEvent;

/// What nxagent is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    None,
    Starting,
    Connected,
    Suspending,
    Suspended,
    Resuming,
    Ending,
}

impl Phase {
    /// The phase after a line of nxagent's log.
    pub(super) fn after(self, event: LogEvent) -> Self {
        match (self, event) {
            (Self::None | Self::Ending, _) | (_, LogEvent::Aborting) => self,
            (_, LogEvent::Started | LogEvent::Resumed) => Self::Connected,
            (_, LogEvent::Suspending) => Self::Suspending,
            (_, LogEvent::Suspended) => Self::Suspended,
            (_, LogEvent::Resuming) => Self::Resuming,
            (_, LogEvent::Terminating) => Self::Ending,
        }
    }

    /// What the node is told.
    pub(super) fn state(self) -> Option<SessionState> {
        match self {
            Self::Starting | Self::Resuming => Some(SessionState::Starting),
            Self::Connected => Some(SessionState::Connected),
            Self::Suspended => Some(SessionState::Suspended),
            // Whatever comes of these is told when it came.
            Self::None | Self::Suspending | Self::Ending => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_goes_through_suspend_and_resume_by_its_log() {
        let log = [
            (LogEvent::Started, Phase::Connected),
            (LogEvent::Suspending, Phase::Suspending),
            (LogEvent::Suspended, Phase::Suspended),
            (LogEvent::Resuming, Phase::Resuming),
            (LogEvent::Resumed, Phase::Connected),
            (LogEvent::Terminating, Phase::Ending),
            (LogEvent::Suspended, Phase::Ending),
        ];
        let mut phase = Phase::Starting;
        for (event, expected) in log {
            phase = phase.after(event);
            assert_eq!(phase, expected, "after {event:?}");
        }
    }
}
