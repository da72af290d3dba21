"""The subcommands of `cwmp`. Each module has ``add_arguments(parser)`` and ``run(options) -> exit code``."""
