-- Indexes of ours on shared tables, as the migrations made them. Hermes does not mind them.
CREATE INDEX IF NOT EXISTS tick_tasks_ready ON tasks(status, priority DESC, created_at) WHERE status = 'ready';
