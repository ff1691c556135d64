//! Who may do what in a project: one table.

use crate::store::Role;

/// In what capacity somebody asks about a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// With one of the project's API keys.
    Key,
    /// As a signed-in member.
    Role(Role),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    /// The project's name, contents, statistics, events, rules, notifications.
    Read,
    Submit,
    Review,
    EditRules,
    /// People's addresses: not for keys, which live in programs.
    ReadMembers,
    EditMembers,
    EditProject,
    ManageKeys,
    Notify,
    DeleteProject,
}

impl Permission {
    /// A key does what a program needs: it moderates, reviews and keeps rules. It manages neither people nor keys, so that one
    /// that leaked can't outlive its revocation.
    pub(crate) fn is_given_to(self, standing: Standing) -> bool {
        let least = match self {
            Self::Read | Self::Submit | Self::Review | Self::ReadMembers => Role::Member,
            Self::EditRules | Self::EditMembers | Self::EditProject | Self::ManageKeys | Self::Notify => Role::Admin,
            Self::DeleteProject => Role::Owner,
        };
        match standing {
            Standing::Role(role) => role >= least,
            Standing::Key => matches!(self, Self::Read | Self::Submit | Self::Review | Self::EditRules),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_manage_nobody() {
        use Permission::{DeleteProject, EditMembers, EditProject, ManageKeys, Notify, ReadMembers};
        for permission in [DeleteProject, EditMembers, EditProject, ManageKeys, Notify, ReadMembers] {
            assert!(!permission.is_given_to(Standing::Key), "{permission:?}");
            assert!(permission.is_given_to(Standing::Role(Role::Owner)), "{permission:?}");
        }
    }
}
