//! The registry's rows.

use super::{Count, Filter, Order, Tenant};
use domain::{Cursor, DeploymentId, DisplayName, Moment, PlanId, Slug, Standing, TenantId};
use store::{FromRow, OperatorRead, OperatorWrite, Row, StoreError, operator_sql, values};

impl FromRow for Tenant {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(Tenant {
            id: row.parse("id")?,
            slug: slug(row)?,
            name: row.parse("name")?,
            standing: row.parse("standing")?,
            plan: row.parse("plan_id")?,
            plan_name: row.parse("plan_name")?,
            deployment: row.parse("deployment_id")?,
            deployment_name: row.parse("deployment_name")?,
            region: row.text("region")?,
            generation: row.int("generation")?,
            created_at: row.moment("created_at")?,
            changed_at: row.moment("changed_at")?,
        })
    }
}

/// The house's slug is reserved, so that parsing refuses it from everywhere but here.
fn slug(row: &Row) -> Result<Slug, StoreError> {
    match row.text("slug")? {
        text if text == Slug::house().as_str() => Ok(Slug::house()),
        _ => row.parse("slug"),
    }
}

pub(crate) async fn find(tx: &mut OperatorRead, id: TenantId) -> Result<Option<Tenant>, StoreError> {
    let sql = operator_sql!(
        "SELECT t.id, t.slug, t.name, t.standing, t.plan_id, p.name AS plan_name, t.deployment_id,
                d.name AS deployment_name, t.region, t.generation, t.created_at, t.changed_at
         FROM tenant t JOIN plan p ON p.id = t.plan_id JOIN deployment d ON d.id = t.deployment_id
         WHERE t.id = $1"
    );
    tx.row(sql, values![id]).await
}

pub(crate) async fn find_by_slug(tx: &mut OperatorRead, slug: &Slug) -> Result<Option<Tenant>, StoreError> {
    let sql = operator_sql!(
        "SELECT t.id, t.slug, t.name, t.standing, t.plan_id, p.name AS plan_name, t.deployment_id,
                d.name AS deployment_name, t.region, t.generation, t.created_at, t.changed_at
         FROM tenant t JOIN plan p ON p.id = t.plan_id JOIN deployment d ON d.id = t.deployment_id
         WHERE t.slug = $1"
    );
    tx.row(sql, values![slug]).await
}

/// One more than the cursor's limit, so that the end is known.
pub(crate) async fn list(
    tx: &mut OperatorRead,
    filter: &Filter,
    cursor: &Cursor,
) -> Result<Vec<Tenant>, StoreError> {
    let by_slug = operator_sql!(
        "SELECT t.id, t.slug, t.name, t.standing, t.plan_id, p.name AS plan_name, t.deployment_id,
                d.name AS deployment_name, t.region, t.generation, t.created_at, t.changed_at
         FROM tenant t JOIN plan p ON p.id = t.plan_id JOIN deployment d ON d.id = t.deployment_id
         WHERE ($1 = '' OR t.standing = $1)
           AND ($2 = '' OR t.slug LIKE $2 ESCAPE '!' OR lower(t.name) LIKE $2 ESCAPE '!')
           AND t.slug > $3
         ORDER BY t.slug LIMIT $4"
    );
    let newest = operator_sql!(
        "SELECT t.id, t.slug, t.name, t.standing, t.plan_id, p.name AS plan_name, t.deployment_id,
                d.name AS deployment_name, t.region, t.generation, t.created_at, t.changed_at
         FROM tenant t JOIN plan p ON p.id = t.plan_id JOIN deployment d ON d.id = t.deployment_id
         WHERE ($1 = '' OR t.standing = $1)
           AND ($2 = '' OR t.slug LIKE $2 ESCAPE '!' OR lower(t.name) LIKE $2 ESCAPE '!')
           AND ($3 = '' OR t.id < $3)
         ORDER BY t.id DESC LIMIT $4"
    );
    let sql = match filter.order {
        Order::Slug => by_slug,
        Order::Newest => newest,
    };
    let standing = filter.standing.map(Standing::name).unwrap_or_default();
    let limit = i64::from(cursor.limit) + 1;
    let values = values![standing, pattern(&filter.search), &cursor.after, limit];
    tx.rows(sql, values).await
}

/// What LIKE looks for: the text anywhere, its own wildcards taken literally.
fn pattern(search: &str) -> String {
    let search = search.trim().to_ascii_lowercase();
    if search.is_empty() {
        return search;
    }
    let literal = search.chars().fold(String::new(), |mut text, letter| {
        if matches!(letter, '%' | '_' | '!') {
            text.push('!');
        }
        text.push(letter);
        text
    });
    format!("%{literal}%")
}

struct StandingRow(Count);

impl FromRow for StandingRow {
    fn from_row(row: &Row) -> Result<Self, StoreError> {
        Ok(StandingRow(Count { standing: row.parse("standing")?, tenants: row.int("n")? }))
    }
}

pub(crate) async fn count(tx: &mut OperatorRead) -> Result<Vec<Count>, StoreError> {
    let sql = operator_sql!("SELECT standing, COUNT(*) AS n FROM tenant GROUP BY standing ORDER BY standing");
    Ok(tx.rows::<StandingRow>(sql, values![]).await?.into_iter().map(|row| row.0).collect())
}

/// A tenant about to be put into the registry.
pub(crate) struct NewRow<'n> {
    pub(crate) id: TenantId,
    pub(crate) slug: &'n Slug,
    pub(crate) name: &'n DisplayName,
    pub(crate) standing: Standing,
    pub(crate) plan: PlanId,
    pub(crate) deployment: DeploymentId,
    pub(crate) region: &'n str,
}

pub(crate) async fn add(tx: &mut OperatorWrite, new: &NewRow<'_>) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = operator_sql!(
        "INSERT INTO tenant (id, slug, name, standing, plan_id, deployment_id, region, generation, created_at,
         changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8)"
    );
    let values =
        values![new.id, new.slug, new.name, &new.standing, new.plan, new.deployment, new.region, now];
    tx.run(sql, values).await.map(drop)
}

pub(crate) async fn put(tx: &mut OperatorWrite, tenant: &Tenant) -> Result<(), StoreError> {
    let sql = operator_sql!(
        "UPDATE tenant SET slug = $2, name = $3, standing = $4, plan_id = $5, deployment_id = $6,
         generation = $7, changed_at = $8 WHERE id = $1"
    );
    let now: Moment = tx.now();
    let values = values![
        tenant.id,
        &tenant.slug,
        &tenant.name,
        &tenant.standing,
        tenant.plan,
        tenant.deployment,
        tenant.generation,
        now
    ];
    tx.run(sql, values).await.map(drop)
}

/// A tenant's own settings as they are at first.
pub(crate) async fn add_settings(
    tx: &mut OperatorWrite,
    id: TenantId,
    published: bool,
    terms: &crate::Terms,
) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = operator_sql!(
        "INSERT INTO tenant_setting (tenant_id, published, session_idle, session_life, changed_at)
         VALUES ($1, $2, $3, $4, $5)"
    );
    tx.run(sql, values![id, published, terms.session_idle, terms.session_life, now]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn what_somebody_types_into_the_search_is_taken_literally() {
        assert_eq!(pattern(" "), "");
        assert_eq!(pattern("Con"), "%con%");
        assert_eq!(pattern("100%_!"), "%100!%!_!!%");
    }
}
