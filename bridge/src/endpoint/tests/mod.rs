mod answers;
mod hostile;
mod judged;
mod proofs;
mod rig;
mod roles;
