//! The permissions in a project, in one table.

use crate::store::{Role, Scope, Scopes};

/// The access that credentials give to a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccessLevel {
    /// One of the project's API keys, with these scopes.
    Key(Scopes),
    /// A signed-in member's role.
    Role(Role),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    /// The project's name, items, statistics, events, notifications.
    Read,
    ReadRules,
    Submit,
    Review,
    EditRules,
    /// E-mail addresses of people: not for keys, which programs hold.
    ReadMembers,
    EditMembers,
    EditProject,
    ManageKeys,
    Notify,
    /// Read the audit log, which contains people's e-mail addresses.
    ReadAudit,
    DeleteProject,
}

impl Permission {
    /// The scopes that each allow it; empty: no key may do it. No key manages members or keys, so a leaked key can't outlive its
    /// revocation.
    fn scopes(self) -> &'static [Scope] {
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

    /// The lowest role that may do it.
    fn role(self) -> Role {
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

    /// The scope that a key would need; `None`: no key may do it.
    pub(crate) fn scope(self) -> Option<Scope> {
        self.scopes().first().copied()
    }

    pub(crate) fn is_given_to(self, level: AccessLevel) -> bool {
        match level {
            AccessLevel::Role(role) => role >= self.role(),
            AccessLevel::Key(scopes) => self.scopes().iter().any(|&scope| scopes.contains(scope)),
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
    fn keys_manage_nobody() {
        use Permission::{DeleteProject, EditMembers, EditProject, ManageKeys, Notify, ReadAudit, ReadMembers};
        let all = AccessLevel::Key(Scope::ALL.into_iter().collect());
        for permission in [DeleteProject, EditMembers, EditProject, ManageKeys, Notify, ReadAudit, ReadMembers] {
            assert!(!permission.is_given_to(all), "{permission:?}");
            assert!(permission.is_given_to(AccessLevel::Role(Role::Owner)), "{permission:?}");
        }
    }

    #[test]
    fn a_scope_gives_what_it_says_and_nothing_else() {
        use Permission::{EditRules, Read, ReadRules, Review, Submit};
        let given = |scope| {
            let level = AccessLevel::Key(Scopes::from_iter([scope]));
            ALL.into_iter().filter(|permission| permission.is_given_to(level)).collect::<Vec<_>>()
        };
        assert_eq!(given(Scope::Read), [Read, ReadRules]);
        assert_eq!(given(Scope::Submit), [Submit]);
        assert_eq!(given(Scope::Review), [Review]);
        assert_eq!(given(Scope::Rules), [ReadRules, EditRules]);
    }
}
