"""Pure arithmetic and rules of the register: no Django, no pandas, no input or output."""
