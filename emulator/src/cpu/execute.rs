//! From an instruction to what does it.

use super::{Cpu, Raised};
use crate::bus::Bus;
use crate::decode::{Alu, Index, Op, Shift, Size};
use crate::exception::Fault;
use crate::stop::Cause;

impl<B: Bus> Cpu<B> {
    #[inline(always)]
    pub(super) fn execute(&mut self, op: &Op) -> Result<(), Raised> {
        match *op {
            Op::Move(d, imm) => self.set(d, imm),
            Op::MoveFlags(d, imm) => self.data_immediate(Alu::Mov, true, (d, 0), None, imm),
            Op::MoveRegister(d, m) => self.set(d, self.get(m)),
            Op::Add(d, n, imm) => {
                self.data_immediate(Alu::Add, false, (d, n), None, imm);
            }
            Op::AddFlags(d, n, imm) => {
                self.data_immediate(Alu::Add, true, (d, n), None, imm);
            }
            Op::SubFlags(d, n, imm) => {
                self.data_immediate(Alu::Sub, true, (d, n), None, imm);
            }
            Op::And(d, n, imm) => {
                self.data_immediate(Alu::And, false, (d, n), None, imm);
            }
            Op::Orr(d, n, imm) => {
                self.data_immediate(Alu::Orr, false, (d, n), None, imm);
            }
            Op::Compare(n, imm) => self.data_immediate(Alu::Cmp, true, (0, n), None, imm),
            Op::AddRegister(d, n, m) => self.with_register(Alu::Add, false, (d, n, m)),
            Op::AddRegisterFlags(d, n, m) => self.with_register(Alu::Add, true, (d, n, m)),
            Op::AdcRegisterFlags(d, n, m) => self.with_register(Alu::Adc, true, (d, n, m)),
            Op::SubRegisterFlags(d, n, m) => self.with_register(Alu::Sub, true, (d, n, m)),
            Op::OrrRegister(d, n, m) => self.with_register(Alu::Orr, false, (d, n, m)),
            Op::OrrRegisterFlags(d, n, m) => self.with_register(Alu::Orr, true, (d, n, m)),
            Op::EorRegister(d, n, m) => self.with_register(Alu::Eor, false, (d, n, m)),
            Op::CompareRegister(n, m) => self.with_register(Alu::Cmp, true, (0, n, m)),
            Op::ShiftLeft(d, m, amount) => {
                self.data_register(Alu::Mov, false, (d, 0, m), Shift::Lsl, amount);
            }
            Op::ShiftLeftFlags(d, m, amount) => {
                self.data_register(Alu::Mov, true, (d, 0, m), Shift::Lsl, amount);
            }
            Op::ShiftRight(d, m, amount) => {
                self.data_register(Alu::Mov, false, (d, 0, m), Shift::Lsr, amount);
            }
            Op::ShiftRightFlags(d, m, amount) => {
                self.data_register(Alu::Mov, true, (d, 0, m), Shift::Lsr, amount);
            }
            Op::LoadWord(t, n, offset) => {
                return self.load_immediate(Size::Word, t, n, Index::Offset, offset);
            }
            Op::LoadHalf(t, n, offset) => {
                return self.load_immediate(Size::Half, t, n, Index::Offset, offset);
            }
            Op::LoadByte(t, n, offset) => {
                return self.load_immediate(Size::Byte, t, n, Index::Offset, offset);
            }
            Op::StoreWord(t, n, offset) => {
                return self.store_immediate(Size::Word, t, n, Index::Offset, offset);
            }
            Op::StoreHalf(t, n, offset) => {
                return self.store_immediate(Size::Half, t, n, Index::Offset, offset);
            }
            Op::StoreByte(t, n, offset) => {
                return self.store_immediate(Size::Byte, t, n, Index::Offset, offset);
            }
            Op::DataImmediate { op, flags, d, n, carry, imm } => {
                self.data_immediate(op, flags, (d, n), carry, imm);
            }
            Op::DataRegister { op, flags, d, n, m, shift, amount } => {
                self.data_register(op, flags, (d, n, m), shift, amount);
            }
            Op::ShiftRegister { shift, flags, d, n, m } => {
                self.shift_register(shift, flags, (d, n, m));
            }
            Op::Load { size, t, n, index, offset } => {
                return self.load_immediate(size, t, n, index, offset);
            }
            Op::Store { size, t, n, index, offset } => {
                return self.store_immediate(size, t, n, index, offset);
            }
            Op::LoadRegister { size, t, n, m, amount } => {
                let address = self.get(n).wrapping_add(self.get(m) << amount);
                return self.load_at(size, t, address);
            }
            Op::StoreRegister { size, t, n, m, amount } => {
                return self.store_register(size, (t, n, m), amount);
            }
            Op::LoadLiteral { size, t, address } => return self.load_at(size, t, address),
            Op::LoadDual { t, t2, n, index, offset } => {
                return self.load_dual((t, t2), n, index, offset);
            }
            Op::StoreDual { t, t2, n, index, offset } => {
                return self.store_dual((t, t2), n, index, offset);
            }
            Op::LoadMultiple { n, before, writeback, list } => {
                return self.load_multiple(n, before, writeback, list);
            }
            Op::StoreMultiple { n, before, writeback, list } => {
                return self.store_multiple(n, before, writeback, list);
            }
            Op::Branch { target } => self.branch(target),
            Op::BranchIf { condition, target } => {
                if self.flags.passes(condition) {
                    self.branch(target);
                }
            }
            Op::CompareBranch { if_zero, n, target } => {
                if (self.get(n) == 0) == if_zero {
                    self.branch(target);
                }
            }
            Op::Call { target } => self.call(target),
            Op::BranchExchange { m } => return self.branch_exchange(self.get(m)),
            Op::CallRegister { m } => self.call_register(m),
            Op::IfThen { state } => self.block = state,
            Op::Multiply { flags, d, n, m } => self.multiply(flags, (d, n, m)),
            Op::MultiplyAdd { subtract, d, n, m, a } => {
                self.multiply_add(subtract, (d, n, m), a);
            }
            Op::MultiplyLong { op, lo, hi, n, m } => self.multiply_long(op, lo, hi, (n, m)),
            Op::Movt { d, imm } => {
                self.set(d, self.get(d) & 0xFFFF | u32::from(imm) << 16);
            }
            Op::Extract { signed, d, n, lsb, width } => self.extract(signed, d, n, lsb, width),
            Op::Insert { d, n, lsb, width } => self.insert(d, n, lsb, width),
            Op::Extend { kind, d, n, m, rotate } => self.extend(kind, d, n, m, rotate),
            Op::Unary { op, d, m } => self.unary(op, d, m),
            rest => return self.execute_rare(rest),
        }
        Ok(())
    }

    #[inline(never)]
    fn execute_rare(&mut self, op: Op) -> Result<(), Raised> {
        match op {
            Op::Jump { add, m } => self.jump(add, m),
            Op::TableBranch { half, n, m } => return self.table_branch(half, n, m),
            Op::Saturate { signed, d, n, to, shift, amount } => {
                self.saturate(signed, (d, n), to, (shift, amount));
            }
            Op::Saturate16 { signed, d, n, to } => self.saturate16(signed, d, n, to),
            Op::Pack { top, d, n, m, amount } => self.pack(top, (d, n, m), amount),
            Op::Select { d, n, m } => self.select((d, n, m)),
            Op::Parallel { lanes, op, d, n, m } => self.parallel(lanes, op, (d, n, m)),
            Op::Saturating { op, d, n, m } => self.saturating(op, (d, n, m)),
            Op::MultiplyHalves { n_top, m_top, d, n, m, a } => {
                self.multiply_halves((n_top, m_top), (d, n, m), a);
            }
            Op::MultiplyWordHalf { m_top, d, n, m, a } => {
                self.multiply_word_half(m_top, (d, n, m), a);
            }
            Op::MultiplyDual { subtract, exchange, d, n, m, a } => {
                self.multiply_dual((subtract, exchange), (d, n, m), a);
            }
            Op::MultiplyMost { subtract, round, d, n, m, a } => {
                self.multiply_most((subtract, round), (d, n, m), a);
            }
            Op::SumOfDifferences { d, n, m, a } => self.sum_of_differences((d, n, m), a),
            Op::MultiplyLongHalves { n_top, m_top, lo, hi, n, m } => {
                self.multiply_long_halves((n_top, m_top), (lo, hi), (n, m));
            }
            Op::MultiplyLongDual { subtract, exchange, lo, hi, n, m } => {
                self.multiply_long_dual((subtract, exchange), (lo, hi), (n, m));
            }
            Op::Divide { signed, d, n, m } => return self.divide(signed, d, n, m),
            Op::LoadExclusive { size, t, n, offset } => {
                return self.load_exclusive(size, t, n, offset);
            }
            Op::StoreExclusive { size, d, t, n, offset } => {
                return self.store_exclusive(size, (d, t, n), offset);
            }
            Op::Hint(hint) => self.hint(hint),
            Op::ChangeState { disable, primask, faultmask } => {
                self.change_state(disable, primask, faultmask);
            }
            Op::ReadSpecial { d, special } => self.set(d, self.read_special(special)),
            Op::WriteSpecial { n, special, mask } => {
                self.write_special(special, mask, self.get(n));
            }
            Op::SupervisorCall { .. } => self.supervisor_call(),
            Op::Breakpoint { imm } => return Err(self.halt(Cause::Breakpoint(imm))),
            Op::NoCoprocessor { .. } => return Err(self.fault(Fault::NoCoprocessor)),
            Op::Undefined => return Err(self.fault(Fault::Undefined)),
            Op::Unpredictable => return Err(self.halt(Cause::Unpredictable)),
            float => return self.execute_float(float),
        }
        Ok(())
    }

    fn execute_float(&mut self, op: Op) -> Result<(), Raised> {
        self.use_float()?;
        match op {
            Op::Float { op, d, n, m } => self.float_operation(op, d, n, m),
            Op::FloatUnary { op, d, m } => self.float_unary(op, d, m),
            Op::FloatImmediate { d, bits } => self.float.set(d, bits),
            Op::FloatCompare { d, m, all_nans } => self.float_compare(d, m, all_nans),
            Op::FloatFixed { to_fixed, signed, wide, d, fraction } => {
                self.float_fixed(to_fixed, (signed, wide), d, fraction);
            }
            Op::FloatLoad { d, count, n, offset } => return self.float_load(d, count, n, offset),
            Op::FloatStore { d, count, n, offset } => {
                return self.float_store(d, count, n, offset);
            }
            Op::FloatLoadMultiple { d, count, n, before, writeback } => {
                return self.float_multiple(true, (d, count), n, before, writeback);
            }
            Op::FloatStoreMultiple { d, count, n, before, writeback } => {
                return self.float_multiple(false, (d, count), n, before, writeback);
            }
            Op::FloatToCore { t, n } => self.set(t, self.float.get(n)),
            Op::FloatFromCore { t, n } => self.float.set(n, self.get(t)),
            Op::FloatToCorePair { t, t2, m } => {
                self.set(t, self.float.get(m));
                self.set(t2, self.float.get(m + 1));
            }
            Op::FloatFromCorePair { t, t2, m } => {
                self.float.set(m, self.get(t));
                self.float.set(m + 1, self.get(t2));
            }
            Op::FloatReadStatus { t } => self.float_read_status(t),
            Op::FloatWriteStatus { t } => self.float.set_status(self.get(t)),
            other => debug_assert!(false, "{other:?} is executed nowhere"),
        }
        Ok(())
    }
}
