package sqldb

import "database/sql"

func Writer(d *DB) *sql.DB { return d.writer }
