//! What can be changed; each mutation is signed with ROOT_SECRET.

use super::attendance::{self, Attendance};
use super::failure::Failure;
use super::member::{self, Member, key_of};
use crate::database::Database;
use crate::signature::{Proof, Verifier};
use async_graphql::{Context, ID, InputObject, Object, Result};
use chrono::{Days, NaiveDate, Utc};
use std::sync::Arc;

#[derive(InputObject)]
pub struct NewMember {
    /// 1 to 80 characters, none of them a control character.
    name: String,
    /// 2 to 32 lower-case letters, digits and dashes.
    handle: String,
    joined_on: NaiveDate,
    /// 1 to 32 lower-case letters, digits and dashes.
    track: Option<String>,
}

pub struct Mutation;

#[Object]
impl Mutation {
    /// Adds a member. Signed fields: name, handle, joinedOn, track (empty when absent).
    async fn add_member(
        &self,
        context: &Context<'_>,
        input: NewMember,
        signed_at: Option<String>,
        signature: Option<String>,
    ) -> Result<Member> {
        let joined_on = input.joined_on.to_string();
        let track = input.track.as_deref().unwrap_or("");
        let fields = [
            input.name.as_str(),
            input.handle.as_str(),
            joined_on.as_str(),
            track,
        ];
        check(context, &signed_at, &signature, "addMember", &fields)?;
        input.validate()?;
        let handle = input.handle.clone();
        let sql = format!(
            "INSERT INTO members (name, handle, joined_on, track) VALUES ($1, $2, $3, $4) RETURNING {}",
            member::COLUMNS
        );
        let inserted: sqlx::Result<member::Row> = context
            .data::<Arc<Database>>()?
            .run(|connection| {
                Box::pin(async move {
                    let query = sqlx::query_as(&sql).bind(input.name).bind(input.handle);
                    query
                        .bind(input.joined_on)
                        .bind(input.track)
                        .fetch_one(connection)
                        .await
                })
            })
            .await;
        match inserted {
            Ok(row) => Ok(row.into()),
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                Err(Failure::Conflict(format!("handle: {handle} is taken")).into())
            }
            Err(error) => Err(Failure::from(error).into()),
        }
    }

    /// Writes a mark, or corrects it. Signed fields: memberId, date, present (true or false).
    async fn mark_attendance(
        &self,
        context: &Context<'_>,
        member_id: ID,
        date: NaiveDate,
        present: bool,
        signed_at: Option<String>,
        signature: Option<String>,
    ) -> Result<Attendance> {
        let (day, mark) = (date.to_string(), present.to_string());
        check(
            context,
            &signed_at,
            &signature,
            "markAttendance",
            &[&member_id, &day, &mark],
        )?;
        let key = key_of(&member_id)?;
        not_in_the_future("date", date)?;
        let sql = format!(
            "INSERT INTO attendance (member_id, date, present) VALUES ($1, $2, $3)
             ON CONFLICT (member_id, date) DO UPDATE SET present = excluded.present, marked_at = now()
             RETURNING {}",
            attendance::COLUMNS
        );
        let written: sqlx::Result<attendance::Row> = context
            .data::<Arc<Database>>()?
            .run(|connection| {
                Box::pin(async move {
                    sqlx::query_as(&sql)
                        .bind(key)
                        .bind(date)
                        .bind(present)
                        .fetch_one(connection)
                        .await
                })
            })
            .await;
        match written {
            Ok(row) => Ok(row.into()),
            Err(sqlx::Error::Database(error)) if error.is_foreign_key_violation() => {
                Err(Failure::NotFound(format!("memberId: there is no member {key}")).into())
            }
            Err(error) => Err(Failure::from(error).into()),
        }
    }
}

impl NewMember {
    fn validate(&self) -> Result<(), Failure> {
        let refuse = |text: &str| Err(Failure::BadInput(text.into()));
        let length = self.name.chars().count();
        if !(1..=80).contains(&length)
            || self.name.trim() != self.name
            || self.name.chars().any(char::is_control)
        {
            return refuse(
                "name: allowed: 1 to 80 characters without spaces around them or control characters",
            );
        }
        if self.handle.len() < 2 || !is_word(&self.handle) {
            return refuse("handle: allowed: 2 to 32 of a-z, 0-9 and -, the first not -");
        }
        if !self.track.as_deref().is_none_or(is_word) {
            return refuse("track: allowed: 1 to 32 of a-z, 0-9 and -, the first not -");
        }
        not_in_the_future("joinedOn", self.joined_on)
    }
}

fn is_word(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && !text.starts_with('-')
        && text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// Tomorrow in UTC is today already for a part of the world.
fn not_in_the_future(field: &str, date: NaiveDate) -> Result<(), Failure> {
    if date > Utc::now().date_naive() + Days::new(1) {
        return Err(Failure::BadInput(format!("{field}: {date} is in the future")));
    }
    Ok(())
}

fn check(
    context: &Context<'_>,
    signed_at: &Option<String>,
    signature: &Option<String>,
    operation: &str,
    fields: &[&str],
) -> Result<()> {
    let proof = Proof {
        signed_at: signed_at.as_deref(),
        signature: signature.as_deref(),
    };
    let verifier = context.data::<Verifier>()?;
    verifier
        .check(Utc::now(), &proof, operation, fields)
        .map_err(|refusal| Failure::Unauthorized(refusal).into())
}
