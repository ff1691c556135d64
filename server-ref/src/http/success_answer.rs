//! JSON bodies that consist of `success` and at most one more field, for successful responses.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// The body `{"success":true}`.
#[derive(Serialize, ToSchema)]
#[schema(as = Done)]
pub(super) struct SuccessAnswer {
    success: bool,
}

impl SuccessAnswer {
    pub(super) fn new() -> Json<Self> {
        Json(Self { success: true })
    }
}

/// Declares a response body with two fields: `success` and the given field.
macro_rules! answer {
    ($(#[$meta:meta])* $name:ident { $field:ident: $type:ty }) => {
        $(#[$meta])*
        #[derive(serde::Serialize, utoipa::ToSchema)]
        pub(super) struct $name {
            success: bool,
            $field: $type,
        }

        impl $name {
            fn new($field: $type) -> axum::Json<Self> {
                axum::Json(Self { success: true, $field })
            }
        }
    };
}
pub(super) use answer;
