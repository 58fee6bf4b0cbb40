//! Machines and the images they run.

use std::path::{Path, PathBuf};

use qvd_protocol::api::{Desktop, VmState};
use qvd_protocol::{ErrorCode, UserId, VmId};

use super::lease::{holder, user_state};
use super::{Event, Store, StoreError, now, read, taken};

/// A machine to add.
#[derive(Clone, Debug)]
pub struct NewVm {
    /// Name, which its user has for no other machine.
    pub name: String,
    /// Name of its user.
    pub user: String,
    /// Name of its image.
    pub image: String,
    /// Memory limit in MiB.
    pub memory_mib: u32,
    /// Virtual processors.
    pub cpus: u32,
    /// Largest size of the user's home, in MiB.
    pub home_mib: u32,
}

/// What house-keeping knows of a machine.
#[derive(Clone, Debug)]
pub struct VmRow {
    /// Identifier.
    pub id: VmId,
    /// Name.
    pub name: String,
    /// Name of its user.
    pub user: String,
    /// Directory of its image.
    pub image: PathBuf,
    /// Memory limit in MiB.
    pub memory_mib: u32,
    /// Virtual processors.
    pub cpus: u32,
    /// Largest size of the user's home, in MiB.
    pub home_mib: u32,
    /// State as last written.
    pub state: VmState,
    /// How often it was started.
    pub epoch: u64,
    /// Why the last start failed.
    pub fault: Option<Fault>,
}

/// Why a machine did not start or did not stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// For a program.
    pub code: ErrorCode,
    /// For a person: a sentence.
    pub message: String,
}

/// A machine for the list of the command line.
#[derive(Clone, Debug)]
pub struct DesktopRow {
    /// Name of its user.
    pub user: String,
    /// What the user sees of it.
    pub desktop: Desktop,
}

/// An image.
#[derive(Clone, Debug)]
pub struct ImageRow {
    /// Name.
    pub name: String,
    /// Where its files are.
    pub directory: PathBuf,
}

impl Store {
    /// Adds an image.
    pub async fn add_image(&self, name: &str, directory: &Path) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO images (name, directory, created_at) VALUES ($1, $2, $3)")
            .bind(name)
            .bind(directory.to_string_lossy().into_owned())
            .bind(now())
            .execute(&self.pool)
            .await
            .map_err(|error| taken(error, "image", name))?;
        Ok(())
    }

    /// All images, by name.
    pub async fn images(&self) -> Result<Vec<ImageRow>, StoreError> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT name, directory FROM images ORDER BY name").fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(|(name, directory)| ImageRow { name, directory: directory.into() }).collect())
    }

    /// Adds a machine, stopped.
    pub async fn add_vm(&self, vm: &NewVm) -> Result<VmId, StoreError> {
        let user = self.user(&vm.user).await?;
        let user = user.ok_or_else(|| StoreError::Missing { what: "user", name: vm.user.clone() })?;
        if !self.images().await?.iter().any(|image| image.name == vm.image) {
            return Err(StoreError::Missing { what: "image", name: vm.image.clone() });
        }
        let id = VmId::random();
        let mut transaction = self.pool.begin().await?;
        sqlx::query(
            "INSERT INTO vms (id, name, user_id, image, memory_mib, cpus, home_mib, state, epoch, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'stopped', 0, $8)",
        )
        .bind(id.to_string())
        .bind(&vm.name)
        .bind(user.id.to_string())
        .bind(&vm.image)
        .bind(i64::from(vm.memory_mib))
        .bind(i64::from(vm.cpus))
        .bind(i64::from(vm.home_mib))
        .bind(now())
        .execute(&mut *transaction)
        .await
        .map_err(|error| taken(error, "machine", &vm.name))?;
        sqlx::query("INSERT INTO sessions (vm_id, epoch, user_state) VALUES ($1, 0, 'disconnected')")
            .bind(id.to_string())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// One machine.
    pub async fn vm(&self, id: VmId) -> Result<Option<VmRow>, StoreError> {
        type Row = (String, String, String, i64, i64, i64, String, i64, Option<String>, Option<String>);
        let row: Option<Row> = sqlx::query_as(
            "SELECT vms.name, users.name, images.directory, vms.memory_mib, vms.cpus, vms.home_mib, vms.state, \
             vms.epoch, vms.fault_code, vms.fault FROM vms JOIN users ON users.id = vms.user_id \
             JOIN images ON images.name = vms.image WHERE vms.id = $1",
        )
        .bind(id.to_string())
        .fetch_optional(&self.pool)
        .await?;
        let Some((name, user, image, memory, cpus, home, state, epoch, code, message)) = row else {
            return Ok(None);
        };
        Ok(Some(VmRow {
            id,
            name,
            user,
            image: image.into(),
            memory_mib: number(memory)?,
            cpus: number(cpus)?,
            home_mib: number(home)?,
            state: vm_state(&state)?,
            epoch: epoch as u64,
            fault: fault(code, message),
        }))
    }

    /// Machines that the rows say something of is running on `node`: not stopped.
    pub async fn vms_not_stopped(&self, node: &str) -> Result<Vec<VmId>, StoreError> {
        let rows: Vec<(String,)> =
            sqlx::query_as("SELECT id FROM vms WHERE state <> 'stopped' AND (node IS NULL OR node = $1)")
                .bind(node)
                .fetch_all(&self.pool)
                .await?;
        rows.iter().map(|(id,)| read("a machine id", id)).collect()
    }

    /// Moves a machine from one state to another; `epoch` is the one of the row now, and grows with a start.
    pub async fn move_vm(
        &self,
        id: VmId,
        (from, to): (VmState, VmState),
        epoch: u64,
        node: &str,
        fault: Option<&Fault>,
    ) -> Result<(), StoreError> {
        let starts = to == VmState::Starting;
        let done = sqlx::query(
            "UPDATE vms SET state = $1, epoch = $2, node = $3, fault_code = $4, fault = $5 \
             WHERE id = $6 AND state = $7 AND epoch = $8",
        )
        .bind(to.as_str())
        .bind(epoch as i64 + i64::from(starts))
        .bind((to != VmState::Stopped).then_some(node))
        .bind(fault.map(|fault| word(fault.code)))
        .bind(fault.map(|fault| fault.message.as_str()))
        .bind(id.to_string())
        .bind(from.as_str())
        .bind(epoch as i64)
        .execute(&self.pool)
        .await?;
        if done.rows_affected() != 1 {
            return Err(StoreError::Changed(format!("machine {id}, believed to be {}", from.as_str())));
        }
        self.announce(Event::Vm { id, state: to });
        Ok(())
    }

    /// The desktops of one user, or with `None` of all, by name.
    pub async fn desktops(&self, user: Option<UserId>) -> Result<Vec<DesktopRow>, StoreError> {
        #[derive(sqlx::FromRow)]
        struct Columns {
            user_name: String,
            id: String,
            name: String,
            image: String,
            state: String,
            fault: Option<String>,
            user_state: String,
            holder_user: Option<String>,
            holder_host: Option<String>,
            holder_address: Option<String>,
        }
        let rows: Vec<Columns> = sqlx::query_as(
            "SELECT users.name AS user_name, vms.id, vms.name, vms.image, vms.state, vms.fault, \
             sessions.user_state, sessions.holder_user, sessions.holder_host, sessions.holder_address \
             FROM vms JOIN users ON users.id = vms.user_id JOIN sessions ON sessions.vm_id = vms.id \
             WHERE vms.user_id = $1 OR $1 = '' ORDER BY users.name, vms.name",
        )
        .bind(user.map_or_else(String::new, |user| user.to_string()))
        .fetch_all(&self.pool)
        .await?;
        let desktop = |row: Columns| {
            Ok(DesktopRow {
                user: row.user_name,
                desktop: Desktop {
                    id: read("a machine id", &row.id)?,
                    name: row.name,
                    image: row.image,
                    state: vm_state(&row.state)?,
                    user_state: user_state(&row.user_state)?,
                    holder: holder(row.holder_user, row.holder_host, row.holder_address),
                    fault: row.fault,
                },
            })
        };
        rows.into_iter().map(desktop).collect()
    }
}

fn vm_state(word: &str) -> Result<VmState, StoreError> {
    VmState::ALL
        .into_iter()
        .find(|state| state.as_str() == word)
        .ok_or_else(|| StoreError::Unreadable { expected: "a machine state", value: word.into() })
}

fn number(value: i64) -> Result<u32, StoreError> {
    value.try_into().map_err(|_| StoreError::Unreadable { expected: "a size", value: value.to_string() })
}

/// The word of a code on the wire.
fn word(code: ErrorCode) -> String {
    serde_json::to_value(code).ok().and_then(|value| value.as_str().map(Into::into)).unwrap_or_default()
}

fn fault(code: Option<String>, message: Option<String>) -> Option<Fault> {
    let code = serde_json::from_value(code?.into()).unwrap_or(ErrorCode::Unknown);
    Some(Fault { code, message: message? })
}

#[cfg(test)]
mod tests {
    use crate::store::tests::furnished;

    use super::*;

    #[tokio::test]
    async fn only_the_first_of_two_moves_from_the_same_state_is_made() {
        let home = tempfile::tempdir().unwrap();
        let (store, id) = furnished(home.path()).await;
        let start = (VmState::Stopped, VmState::Starting);
        store.move_vm(id, start, 0, "node", None).await.unwrap();
        assert!(matches!(store.move_vm(id, start, 0, "node", None).await, Err(StoreError::Changed(_))));
        let row = store.vm(id).await.unwrap().unwrap();
        assert_eq!((row.state, row.epoch), (VmState::Starting, 1));
    }

    #[tokio::test]
    async fn a_move_of_an_earlier_run_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let (store, id) = furnished(home.path()).await;
        store.move_vm(id, (VmState::Stopped, VmState::Starting), 0, "node", None).await.unwrap();
        let late = store.move_vm(id, (VmState::Starting, VmState::Running), 0, "node", None).await;
        assert!(matches!(late, Err(StoreError::Changed(_))));
    }

    #[tokio::test]
    async fn a_fault_is_kept_with_its_code() {
        let home = tempfile::tempdir().unwrap();
        let (store, id) = furnished(home.path()).await;
        let fault = Fault { code: ErrorCode::NoSpace, message: "The disk is full.".into() };
        store.move_vm(id, (VmState::Stopped, VmState::Starting), 0, "node", None).await.unwrap();
        store.move_vm(id, (VmState::Starting, VmState::Stopped), 1, "node", Some(&fault)).await.unwrap();
        assert_eq!(store.vm(id).await.unwrap().unwrap().fault, Some(fault));
        assert_eq!(
            store.desktops(None).await.unwrap()[0].desktop.fault.as_deref(),
            Some("The disk is full.")
        );
    }
}
