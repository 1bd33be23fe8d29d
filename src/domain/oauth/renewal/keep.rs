//! Keeps new tokens: the write counts if the version is still the one that was asked for, whatever state another process
//! put the connection in meanwhile, because these are the only living tokens (D-25).

use diesel::RunQueryDsl;
use diesel::pg::PgConnection;
use diesel::sql_types::Array;
use diesel::sql_types::BigInt;
use diesel::sql_types::Nullable;
use diesel::sql_types::Text;
use diesel::sql_types::Timestamptz;
use diesel::sql_types::Uuid;

use crate::domain::connections::connecting::expiry;
use crate::domain::connections::lifetime::renew_at;
use crate::domain::connections::secrets;
use crate::domain::oauth::renewal::RenewError;
use crate::domain::oauth::renewal::Renewer;
use crate::domain::oauth::renewal::Target;
use crate::vault::Vault;
use crate::vault::exchange::TokenSet;
use crate::vault::input::SecretFields;
use crate::vault::sealed::Purpose;

impl Renewer {
    pub(in crate::domain::oauth::renewal) async fn keep(
        &self,
        target: &Target,
        tokens: TokenSet,
    ) -> Result<(), RenewError> {
        let (target, vault) = (target.clone(), self.checker.vault.clone());
        self.db.write(move |tx| keep(tx, &vault, &target, tokens)).await
    }
}

fn keep(tx: &mut PgConnection, vault: &Vault, target: &Target, tokens: TokenSet) -> Result<(), RenewError> {
    let next = target.version + 1;
    let ends = expiry(&tokens);
    let kept = diesel::sql_query(
        "UPDATE connections SET token_version = $4, access_expires_at = $5, status = 'active', status_reason = NULL,
             scopes = coalesce($6, scopes), renew_at = $7, refresh_lease = NULL, refresh_lease_until = NULL
         WHERE workspace_id = $1 AND id = $2 AND token_version = $3 AND status IN ('active', 'needs_reconnect')",
    )
    .bind::<Uuid, _>(target.workspace)
    .bind::<Uuid, _>(target.connection)
    .bind::<BigInt, _>(target.version)
    .bind::<BigInt, _>(next)
    .bind::<Timestamptz, _>(ends)
    .bind::<Nullable<Array<Text>>, _>(tokens.scopes.as_ref())
    .bind::<Timestamptz, _>(renew_at(tokens.requested_at, ends))
    .execute(tx)?;
    if kept == 0 {
        // Reconnected, switched off or deleted meanwhile; these tokens are nobody's and end by themselves.
        return Ok(());
    }
    let grant = secrets::load_grant(tx, target.workspace, target.connection)?.ok_or(RenewError::Gone)?;
    let access =
        vault.seal_fields(tx, &grant.context_for(Purpose::Access, next), SecretFields::one("token", tokens.access))?;
    secrets::store(tx, target.workspace, target.connection, Purpose::Access, next, &access)?;
    let context = grant.context_for(Purpose::Grant, next);
    let sealed = match (tokens.refresh, &grant.sealed) {
        (Some(token), _) => Some(vault.seal_fields(tx, &context, SecretFields::one("token", token))?),
        // The old grant stays (RFC 6749 §6), sealed for the new version.
        (None, Some(sealed)) => {
            Some(vault.reseal(tx, sealed, &grant.context_for(Purpose::Grant, target.version), &context)?)
        }
        (None, None) => None,
    };
    if let Some(sealed) = sealed {
        secrets::store(tx, target.workspace, target.connection, Purpose::Grant, next, &sealed)?;
    }
    Ok(())
}
