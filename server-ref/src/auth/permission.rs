//! The permissions in a project, and the scopes and roles that grant them.

use crate::store::{Role, Scope, Scopes};

/// The access that credentials grant to a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProjectAccess {
    /// An API key of the project or one of its tokens, with these scopes.
    Key(Scopes),
    /// A signed-in member of the project, with this role.
    Role(Role),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    /// Read the project's name, items, statistics, events and notifications.
    Read,
    ReadRules,
    Submit,
    Review,
    EditRules,
    /// Read the list of members. Not available to keys, because it contains e-mail addresses.
    ReadMembers,
    EditMembers,
    EditProject,
    ManageKeys,
    Notify,
    /// Read the audit log. Not available to keys, because it contains e-mail addresses.
    ReadAudit,
    DeleteProject,
}

impl Permission {
    /// Returns the scopes that each grant this permission, or an empty slice if no key can have the permission. Keys can't manage members
    /// or keys: a leaked key could otherwise create access that survives the key's revocation.
    fn sufficient_scopes(self) -> &'static [Scope] {
        match self {
            Self::Read => &[Scope::Read],
            Self::ReadRules => &[Scope::Read, Scope::Rules],
            Self::Submit => &[Scope::Submit],
            Self::Review => &[Scope::Review],
            Self::EditRules => &[Scope::Rules],
            Self::ReadMembers
            | Self::EditMembers
            | Self::EditProject
            | Self::ManageKeys
            | Self::Notify
            | Self::ReadAudit
            | Self::DeleteProject => &[],
        }
    }

    /// Returns the lowest role that has this permission.
    fn minimum_role(self) -> Role {
        match self {
            Self::Read | Self::ReadRules | Self::Submit | Self::Review | Self::ReadMembers => Role::Member,
            Self::EditRules
            | Self::EditMembers
            | Self::EditProject
            | Self::ManageKeys
            | Self::Notify
            | Self::ReadAudit => Role::Admin,
            Self::DeleteProject => Role::Owner,
        }
    }

    /// Returns the first of the scopes that grant this permission; `None` if no scope does.
    pub(crate) fn first_sufficient_scope(self) -> Option<Scope> {
        self.sufficient_scopes().first().copied()
    }

    pub(crate) fn is_granted_to(self, access: ProjectAccess) -> bool {
        match access {
            ProjectAccess::Role(role) => role >= self.minimum_role(),
            ProjectAccess::Key(scopes) => self.sufficient_scopes().iter().any(|&scope| scopes.contains(scope)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Permission; 12] = {
        use Permission::*;
        [
            Read,
            ReadRules,
            Submit,
            Review,
            EditRules,
            ReadMembers,
            EditMembers,
            EditProject,
            ManageKeys,
            Notify,
            ReadAudit,
            DeleteProject,
        ]
    };

    #[test]
    fn keys_can_not_manage_members_or_keys() {
        use Permission::{DeleteProject, EditMembers, EditProject, ManageKeys, Notify, ReadAudit, ReadMembers};
        let all = ProjectAccess::Key(Scope::ALL.into_iter().collect());
        for permission in [DeleteProject, EditMembers, EditProject, ManageKeys, Notify, ReadAudit, ReadMembers] {
            assert!(!permission.is_granted_to(all), "{permission:?}");
            assert!(permission.is_granted_to(ProjectAccess::Role(Role::Owner)), "{permission:?}");
        }
    }

    #[test]
    fn each_scope_grants_only_its_permissions() {
        use Permission::{EditRules, Read, ReadRules, Review, Submit};
        let given = |scope| {
            let access = ProjectAccess::Key(Scopes::from_iter([scope]));
            ALL.into_iter().filter(|permission| permission.is_granted_to(access)).collect::<Vec<_>>()
        };
        assert_eq!(given(Scope::Read), [Read, ReadRules]);
        assert_eq!(given(Scope::Submit), [Submit]);
        assert_eq!(given(Scope::Review), [Review]);
        assert_eq!(given(Scope::Rules), [ReadRules, EditRules]);
    }
}
