"""The same CSV into typed columns and Parquet.  python import_duckdb.py FILE.csv OUT.parquet [threads]"""
import json, sys, time
import duckdb

file, out = sys.argv[1:3]
c = duckdb.connect()
c.execute(f"set threads={sys.argv[3] if len(sys.argv) > 3 else 2}; set preserve_insertion_order=false")
t0, p0 = time.perf_counter(), time.process_time()
columns = {"身份证号": "varchar", "姓名": "varchar", "单位名称": "varchar", "统一社会信用代码": "varchar",
           "险种": "varchar", "参保月份": "varchar", "缴费基数": "decimal(12,2)", "申报工资": "decimal(12,2)"}
typed = "{" + ", ".join(f"'{k}': '{v}'" for k, v in columns.items()) + "}"
c.execute(f"""copy (select * replace (cast("参保月份" || '-01' as date) as "参保月份")
    from read_csv('{file}', header=true, columns={typed})) to '{out}' (format parquet, compression zstd)""")
n = c.execute(f"select count(*) from '{out}'").fetchall()[0][0]
print(json.dumps(dict(engine="duckdb", version=duckdb.__version__, rows=n, wall_s=round(time.perf_counter() - t0, 3),
                      cpu_s=round(time.process_time() - p0, 3))))
