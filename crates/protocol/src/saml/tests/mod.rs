//! Stories about SAML: Contoso's provider speaks to a connection, and strangers try to speak in its name.

mod answers;
mod attacks;
mod forge;
mod metadata;
mod mutations;
