//! Days in a row that a member was there.

use super::loader::{MemberKey, Rows};
use super::member::Member;
use async_graphql::dataloader::DataLoader;
use async_graphql::{ComplexObject, Context, Error, Result, SimpleObject};
use chrono::NaiveDate;
use sqlx::PgConnection;

/// The columns of a streak, in the order of `Row`.
const COLUMNS: &str = "member_id, current_days, longest_days, last_present";
pub type Row = (i64, i64, i64, NaiveDate);

/// Days in a row with attendance.
#[derive(Clone, SimpleObject)]
#[graphql(complex)]
pub struct Streak {
    #[graphql(skip)]
    pub member_key: i64,
    /// Days in a row up to the day asked for or the day before it; 0 when broken.
    pub current: i64,
    /// The most days in a row so far.
    pub longest: i64,
    pub last_present: Option<NaiveDate>,
}

#[ComplexObject]
impl Streak {
    async fn member(&self, context: &Context<'_>) -> Result<Member> {
        let loader = context.data::<DataLoader<Rows>>()?;
        let found = loader.load_one(MemberKey(self.member_key)).await?;
        found.ok_or_else(|| Error::new("the member has just been removed"))
    }
}

impl Streak {
    /// Of a member who was never there.
    pub fn none(member_key: i64) -> Self {
        Self {
            member_key,
            current: 0,
            longest: 0,
            last_present: None,
        }
    }
}

impl From<Row> for Streak {
    fn from((member_key, current, longest, last_present): Row) -> Self {
        Self {
            member_key,
            current,
            longest,
            last_present: Some(last_present),
        }
    }
}

/// The longest current streaks first.
pub async fn top(connection: &mut PgConnection, day: NaiveDate, first: i64) -> sqlx::Result<Vec<Row>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM streaks_on($1)
         ORDER BY current_days DESC, longest_days DESC, member_id LIMIT $2"
    );
    sqlx::query_as(&sql)
        .bind(day)
        .bind(first)
        .fetch_all(connection)
        .await
}

pub async fn of(connection: &mut PgConnection, day: NaiveDate, members: Vec<i64>) -> sqlx::Result<Vec<Row>> {
    let sql = format!("SELECT {COLUMNS} FROM streaks_on($1) WHERE member_id = ANY($2)");
    sqlx::query_as(&sql)
        .bind(day)
        .bind(members)
        .fetch_all(connection)
        .await
}
