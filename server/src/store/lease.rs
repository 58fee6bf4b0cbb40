//! Leases: which client holds a machine's session.
//!
//! A lease is a number that only grows. Whoever takes it writes the next number; everybody with an older one has
//! lost it and learns so from [`Event::Lease`].

use qvd_protocol::VmId;
use qvd_protocol::api::{Holder, UserState};

use super::{Event, Store, StoreError};

/// The lease of one machine as the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseRow {
    /// The newest lease's number; 0 when there never was one.
    pub epoch: u64,
    /// What its holder does.
    pub state: UserState,
    /// Who holds it, unless disconnected.
    pub holder: Option<Holder>,
}

impl Store {
    /// Takes the lease of `vm` for `holder` from whoever has it; gives the new epoch.
    pub async fn take_lease(&self, vm: VmId, holder: &Holder) -> Result<u64, StoreError> {
        loop {
            let old = self.lease(vm).await?.epoch;
            let done = sqlx::query(
                "UPDATE sessions SET epoch = $1, user_state = 'connecting', holder_user = $2, holder_host = $3, \
                 holder_address = $4 WHERE vm_id = $5 AND epoch = $6",
            )
            .bind(old as i64 + 1)
            .bind(&holder.user)
            .bind(&holder.host)
            .bind(&holder.address)
            .bind(vm.to_string())
            .bind(old as i64)
            .execute(&self.pool)
            .await?;
            // Somebody else took it between the two lines: the newest wins, and that is this one.
            if done.rows_affected() == 1 {
                let (epoch, state) = (old + 1, UserState::Connecting);
                self.announce(Event::Lease { vm, epoch, state, holder: Some(holder.clone()) });
                return Ok(epoch);
            }
        }
    }

    /// Writes that the holder of lease `epoch` is at work; `false` when the lease has gone to another.
    pub async fn lease_connected(&self, vm: VmId, epoch: u64, holder: &Holder) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE sessions SET user_state = 'connected' \
             WHERE vm_id = $1 AND epoch = $2 AND user_state = 'connecting'",
        )
        .bind(vm.to_string())
        .bind(epoch as i64)
        .execute(&self.pool)
        .await?;
        let ours = done.rows_affected() == 1;
        if ours {
            self.announce(Event::Lease {
                vm,
                epoch,
                state: UserState::Connected,
                holder: Some(holder.clone()),
            });
        }
        Ok(ours)
    }

    /// Gives lease `epoch` back; nothing happens when it has gone to another.
    pub async fn release_lease(&self, vm: VmId, epoch: u64) -> Result<(), StoreError> {
        let done = sqlx::query(
            "UPDATE sessions SET user_state = 'disconnected', holder_user = NULL, holder_host = NULL, \
             holder_address = NULL WHERE vm_id = $1 AND epoch = $2",
        )
        .bind(vm.to_string())
        .bind(epoch as i64)
        .execute(&self.pool)
        .await?;
        if done.rows_affected() == 1 {
            self.announce(Event::Lease { vm, epoch, state: UserState::Disconnected, holder: None });
        }
        Ok(())
    }

    /// Writes that no client is connected: true when the daemon starts. Epochs stay.
    pub async fn release_all_leases(&self) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE sessions SET user_state = 'disconnected', holder_user = NULL, holder_host = NULL, \
             holder_address = NULL WHERE user_state <> 'disconnected'",
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The lease of `vm` now.
    pub async fn lease(&self, vm: VmId) -> Result<LeaseRow, StoreError> {
        type Row = (i64, String, Option<String>, Option<String>, Option<String>);
        let (epoch, state, user, host, address): Row = sqlx::query_as(
            "SELECT epoch, user_state, holder_user, holder_host, holder_address FROM sessions WHERE vm_id = $1",
        )
        .bind(vm.to_string())
        .fetch_one(&self.pool)
        .await?;
        Ok(LeaseRow { epoch: epoch as u64, state: user_state(&state)?, holder: holder(user, host, address) })
    }
}

pub(super) fn user_state(word: &str) -> Result<UserState, StoreError> {
    [UserState::Disconnected, UserState::Connecting, UserState::Connected]
        .into_iter()
        .find(|state| state.as_str() == word)
        .ok_or_else(|| StoreError::Unreadable { expected: "a user state", value: word.into() })
}

pub(super) fn holder(user: Option<String>, host: Option<String>, address: Option<String>) -> Option<Holder> {
    Some(Holder { user: user?, host: host?, address: address? })
}

#[cfg(test)]
mod tests {
    use crate::store::tests::furnished;

    use super::*;

    fn at(host: &str) -> Holder {
        Holder { user: "ann".into(), host: host.into(), address: "192.0.2.1".into() }
    }

    #[tokio::test]
    async fn a_second_lease_ends_the_first_and_its_late_words_change_nothing() {
        let home = tempfile::tempdir().unwrap();
        let (store, vm) = furnished(home.path()).await;
        let mut events = store.events();
        let first = store.take_lease(vm, &at("one")).await.unwrap();
        assert!(store.lease_connected(vm, first, &at("one")).await.unwrap());
        let second = store.take_lease(vm, &at("two")).await.unwrap();
        assert!(second > first);
        store.release_lease(vm, first).await.unwrap();
        assert!(!store.lease_connected(vm, first, &at("one")).await.unwrap());
        let row = store.lease(vm).await.unwrap();
        assert_eq!(row, LeaseRow { epoch: second, state: UserState::Connecting, holder: Some(at("two")) });
        let states: Vec<_> = std::iter::from_fn(|| events.try_recv().ok())
            .map(|event| match event {
                Event::Lease { epoch, state, .. } => (epoch, state),
                Event::Vm { .. } => panic!("no machine changed"),
            })
            .collect();
        assert_eq!(
            states,
            [(1, UserState::Connecting), (1, UserState::Connected), (2, UserState::Connecting)]
        );
    }

    #[tokio::test]
    async fn leases_taken_at_once_all_get_numbers_of_their_own() {
        let home = tempfile::tempdir().unwrap();
        let (store, vm) = furnished(home.path()).await;
        let holder = at("many");
        let takers = (0..8).map(|_| store.take_lease(vm, &holder));
        let mut epochs: Vec<u64> =
            futures::future::join_all(takers).await.into_iter().map(Result::unwrap).collect();
        epochs.sort_unstable();
        assert_eq!(epochs, (1..=8).collect::<Vec<_>>());
    }
}
