mod answers;
mod hostile;
mod identity;
mod judged;
mod proofs;
mod rig;
mod roles;
