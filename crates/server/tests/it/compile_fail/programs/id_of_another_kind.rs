//! E0308: a person across tenants is not a member of one.

pub fn suspend(_: domain::MemberId) {}

pub fn mistake(user: domain::UserId) {
    suspend(user);
}
