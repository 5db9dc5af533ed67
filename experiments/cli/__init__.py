"""The command line: one file for a group of commands. A command parses its options and calls `semlink.front_door`."""
