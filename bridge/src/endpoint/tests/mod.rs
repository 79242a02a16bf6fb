mod answers;
mod hostile;
mod proofs;
mod rig;
mod roles;
