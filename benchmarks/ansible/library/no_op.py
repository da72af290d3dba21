# Only so that Ansible finds a module of the action's name.
