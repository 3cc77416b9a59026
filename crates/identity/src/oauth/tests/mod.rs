//! Stories about applications that sign people in and get tokens, told on both engines over a whole installation.

mod attacks;
mod codes;
mod desk;
mod life;
mod more;
mod own_name;
