//! What journeys stand on: the browser and its driver, a person in front of it, the place they go to.

mod commands;
mod driver;
mod examination;
mod place;
mod visitor;

pub(crate) use crate::harness::place::Place;
pub(crate) use crate::harness::place::journey;
pub(crate) use crate::harness::visitor::Visitor;
