//! Who was there on which day.

use super::loader::{MemberKey, Rows};
use super::member::Member;
use async_graphql::dataloader::DataLoader;
use async_graphql::{ComplexObject, Context, Error, Result, SimpleObject};
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

/// The columns of a mark, in the order of `Row`.
pub const COLUMNS: &str = "member_id, date, present, marked_at";
pub type Row = (i64, NaiveDate, bool, DateTime<Utc>);

/// One member's mark for one day.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub struct Attendance {
    #[graphql(skip)]
    pub member_key: i64,
    pub date: NaiveDate,
    pub present: bool,
    /// When the mark was last written.
    pub marked_at: DateTime<Utc>,
}

#[ComplexObject]
impl Attendance {
    async fn member(&self, context: &Context<'_>) -> Result<Member> {
        let loader = context.data::<DataLoader<Rows>>()?;
        let found = loader.load_one(MemberKey(self.member_key)).await?;
        found.ok_or_else(|| Error::new("the member has just been removed"))
    }
}

impl From<Row> for Attendance {
    fn from((member_key, date, present, marked_at): Row) -> Self {
        Self {
            member_key,
            date,
            present,
            marked_at,
        }
    }
}

pub async fn on(
    connection: &mut PgConnection,
    date: NaiveDate,
    after: i64,
    first: i64,
) -> sqlx::Result<Vec<Row>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM attendance
         WHERE date = $1 AND member_id > $2 ORDER BY member_id LIMIT $3"
    );
    sqlx::query_as(&sql)
        .bind(date)
        .bind(after)
        .bind(first)
        .fetch_all(connection)
        .await
}
