"""The outside view: what happened to projects like this one, and what that says of this one."""
