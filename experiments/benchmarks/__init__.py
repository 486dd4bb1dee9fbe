"""Who is timed, and how: peers behind one interface, each in a process of its own."""
