//! Accounts.

use qvd_protocol::UserId;

use super::{Store, StoreError, now, read, taken};

/// An account.
#[derive(Clone, Debug)]
pub struct User {
    /// Identifier.
    pub id: UserId,
    /// Login name.
    pub name: String,
    /// Argon2id hash as a PHC string.
    pub password_hash: String,
}

impl Store {
    /// Adds an account. `hash` is a PHC string.
    pub async fn add_user(&self, name: &str, hash: &str) -> Result<UserId, StoreError> {
        let id = UserId::random();
        sqlx::query("INSERT INTO users (id, name, password_hash, created_at) VALUES ($1, $2, $3, $4)")
            .bind(id.to_string())
            .bind(name)
            .bind(hash)
            .bind(now())
            .execute(&self.pool)
            .await
            .map_err(|error| taken(error, "user", name))?;
        Ok(id)
    }

    /// The account with that name.
    pub async fn user(&self, name: &str) -> Result<Option<User>, StoreError> {
        let row: Option<(String, String, String)> =
            sqlx::query_as("SELECT id, name, password_hash FROM users WHERE name = $1")
                .bind(name)
                .fetch_optional(&self.pool)
                .await?;
        row.map(|(id, name, password_hash)| Ok(User { id: read("a user id", &id)?, name, password_hash }))
            .transpose()
    }

    /// Names of all accounts, sorted.
    pub async fn user_names(&self) -> Result<Vec<String>, StoreError> {
        let rows: Vec<(String,)> =
            sqlx::query_as("SELECT name FROM users ORDER BY name").fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(|(name,)| name).collect())
    }

    /// Gives an account another password and withdraws all its tokens.
    pub async fn set_password(&self, name: &str, hash: &str) -> Result<(), StoreError> {
        let done = sqlx::query("UPDATE users SET password_hash = $1 WHERE name = $2")
            .bind(hash)
            .bind(name)
            .execute(&self.pool)
            .await?;
        if done.rows_affected() == 0 {
            return Err(StoreError::Missing { what: "user", name: name.into() });
        }
        sqlx::query("DELETE FROM tokens WHERE user_id IN (SELECT id FROM users WHERE name = $1)")
            .bind(name)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
