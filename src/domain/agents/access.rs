//! What a person may reach, as SQL expressions, for statements that read facts and data in one go. Each way to a share is
//! an index probe of its own, so that a widely shared agent costs no more than a private one.

/// The most that shares of an agent give a user: `edit`, `use` or NULL. (`edit` comes first in the alphabet.)
macro_rules! agent_share {
    ($workspace:literal, $agent:literal, $user:literal) => {
        concat!(
            "least((SELECT s.access FROM agent_shares s WHERE s.workspace_id = ",
            $workspace,
            " AND s.agent_id = ",
            $agent,
            " AND s.grantee_user = ",
            $user,
            "), (SELECT s.access FROM agent_shares s WHERE s.workspace_id = ",
            $workspace,
            " AND s.agent_id = ",
            $agent,
            " AND s.grantee_workspace",
            "), (SELECT min(s.access) FROM group_members g JOIN agent_shares s ON s.workspace_id = g.workspace_id",
            " AND s.agent_id = ",
            $agent,
            " AND s.grantee_group = g.group_id WHERE g.workspace_id = ",
            $workspace,
            " AND g.user_id = ",
            $user,
            "))"
        )
    };
}
pub(crate) use agent_share;

/// The most that living shares of a connection give a user: `attach`, `use` or NULL.
macro_rules! connection_share {
    ($workspace:literal, $connection:literal, $user:literal, $at:literal) => {
        concat!(
            "least((SELECT s.access FROM connection_shares s WHERE s.workspace_id = ",
            $workspace,
            " AND s.connection_id = ",
            $connection,
            " AND s.grantee_user = ",
            $user,
            " AND (s.expires_at IS NULL OR s.expires_at > ",
            $at,
            ")), (SELECT s.access FROM connection_shares s WHERE s.workspace_id = ",
            $workspace,
            " AND s.connection_id = ",
            $connection,
            " AND s.grantee_workspace",
            " AND (s.expires_at IS NULL OR s.expires_at > ",
            $at,
            ")), (SELECT min(s.access) FROM group_members g JOIN connection_shares s",
            " ON s.workspace_id = g.workspace_id AND s.connection_id = ",
            $connection,
            " AND s.grantee_group = g.group_id WHERE g.workspace_id = ",
            $workspace,
            " AND g.user_id = ",
            $user,
            " AND (s.expires_at IS NULL OR s.expires_at > ",
            $at,
            ")))"
        )
    };
}
pub(crate) use connection_share;
