//! Bearer tokens. Whoever reads the database learns no token: it holds their SHA-256 only, which is enough for a
//! value of 256 random bits.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use qvd_protocol::{Secret, UserId};
use sha2::{Digest, Sha256};

use super::{Store, StoreError, now, read};

/// A token that has used up less than this part of its lifetime is not renewed: one write in many uses.
const RENEW_AFTER: u32 = 16;

impl Store {
    /// Makes a token for `user`; removes those of everybody that have expired.
    pub async fn issue_token(
        &self,
        user: UserId,
        host: &str,
        lifetime: Duration,
    ) -> Result<Secret, StoreError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| sqlx::Error::Io(error.into()))?;
        let token = URL_SAFE_NO_PAD.encode(bytes);
        sqlx::query("DELETE FROM tokens WHERE expires_at <= $1").bind(now()).execute(&self.pool).await?;
        sqlx::query("INSERT INTO tokens (hash, user_id, client_host, expires_at) VALUES ($1, $2, $3, $4)")
            .bind(hash(&token))
            .bind(user.to_string())
            .bind(host)
            .bind(now() + lifetime.as_secs() as i64)
            .execute(&self.pool)
            .await?;
        Ok(Secret::new(token))
    }

    /// Whose token it is, with the account's name; `None` when nobody's, or expired. Renews it to `lifetime`.
    pub async fn token_owner(
        &self,
        token: &str,
        lifetime: Duration,
    ) -> Result<Option<(UserId, String)>, StoreError> {
        let now = now();
        let hash = hash(token);
        let row: Option<(String, String, i64)> = sqlx::query_as(
            "SELECT users.id, users.name, tokens.expires_at FROM tokens JOIN users ON users.id = tokens.user_id \
             WHERE tokens.hash = $1 AND tokens.expires_at > $2",
        )
        .bind(&hash)
        .bind(now)
        .fetch_optional(&self.pool)
        .await?;
        let Some((id, name, expires_at)) = row else { return Ok(None) };
        let renewed = now + lifetime.as_secs() as i64;
        if renewed - expires_at > (lifetime / RENEW_AFTER).as_secs() as i64 {
            sqlx::query("UPDATE tokens SET expires_at = $1 WHERE hash = $2 AND expires_at = $3")
                .bind(renewed)
                .bind(&hash)
                .bind(expires_at)
                .execute(&self.pool)
                .await?;
        }
        Ok(Some((read("a user id", &id)?, name)))
    }

    /// Withdraws a token.
    pub async fn withdraw_token(&self, token: &str) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM tokens WHERE hash = $1").bind(hash(token)).execute(&self.pool).await?;
        Ok(())
    }
}

fn hash(token: &str) -> String {
    crate::hex(&Sha256::digest(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use crate::store::tests::furnished;

    use super::*;

    #[tokio::test]
    async fn a_token_is_its_users_until_it_is_withdrawn() {
        let home = tempfile::tempdir().unwrap();
        let (store, _) = furnished(home.path()).await;
        let ann = store.user("ann").await.unwrap().unwrap().id;
        let hour = Duration::from_hours(1);
        let token = store.issue_token(ann, "pc", hour).await.unwrap();
        assert_eq!(store.token_owner(token.reveal(), hour).await.unwrap(), Some((ann, "ann".into())));
        assert_eq!(store.token_owner("guess", hour).await.unwrap(), None);
        store.withdraw_token(token.reveal()).await.unwrap();
        assert_eq!(store.token_owner(token.reveal(), hour).await.unwrap(), None);
    }

    #[tokio::test]
    async fn an_expired_token_is_nobodys_and_a_used_one_is_renewed() {
        let home = tempfile::tempdir().unwrap();
        let (store, _) = furnished(home.path()).await;
        let ann = store.user("ann").await.unwrap().unwrap().id;
        let hour = Duration::from_hours(1);
        let stale = store.issue_token(ann, "pc", Duration::ZERO).await.unwrap();
        assert_eq!(store.token_owner(stale.reveal(), hour).await.unwrap(), None);
        let short = store.issue_token(ann, "pc", Duration::from_mins(1)).await.unwrap();
        assert!(store.token_owner(short.reveal(), hour).await.unwrap().is_some());
        let (expires,): (i64,) = sqlx::query_as("SELECT expires_at FROM tokens WHERE hash = $1")
            .bind(hash(short.reveal()))
            .fetch_one(&store.pool)
            .await
            .unwrap();
        assert!(expires >= now() + 3500);
    }

    #[tokio::test]
    async fn another_password_withdraws_all_tokens() {
        let home = tempfile::tempdir().unwrap();
        let (store, _) = furnished(home.path()).await;
        let ann = store.user("ann").await.unwrap().unwrap().id;
        let hour = Duration::from_hours(1);
        let token = store.issue_token(ann, "pc", hour).await.unwrap();
        store.set_password("ann", "other").await.unwrap();
        assert_eq!(store.token_owner(token.reveal(), hour).await.unwrap(), None);
    }
}
