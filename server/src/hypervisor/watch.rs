//! Following a running machine to its end.

use std::io;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::info;

use super::End;

/// The task that follows a machine. Dropping it stops the following and leaves the machine as it is.
pub(super) struct Watch {
    end: watch::Receiver<Option<End>>,
    task: JoinHandle<()>,
}

impl Watch {
    /// Follows the machine `id` by a future that resolves when nothing of it runs any more.
    pub(super) fn new(id: String, until_the_end: impl Future<Output = End> + Send + 'static) -> Self {
        let (announce, end) = watch::channel(None);
        let task = tokio::spawn(async move {
            let end = until_the_end.await;
            info!(vm = %id, ?end, "the machine ended");
            announce.send_replace(Some(end));
        });
        Self { end, task }
    }

    /// How the machine ended, once it has.
    pub(super) async fn ended(&self) -> End {
        let mut end = self.end.clone();
        match end.wait_for(Option::is_some).await {
            Ok(end) => end.clone().unwrap_or(End::PoweredOff),
            Err(_) => End::Failed("the machine is no longer watched".into()),
        }
    }

    /// Waits until a machine that was killed is gone; fails if something of it stays.
    pub(super) async fn gone(&self) -> io::Result<()> {
        match self.ended().await {
            End::Zombie(why) => Err(io::Error::other(why)),
            _ => Ok(()),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}
