//! Inputs of every kind, whole and broken, through the public interface.

mod compressed;
mod discovery;
mod limits;
mod streams;
mod support;
