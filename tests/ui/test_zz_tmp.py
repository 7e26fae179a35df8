import os,sys
sys.path.insert(0,'/work/main')
import pytest
from tests import app
def test_x(services):
    import time
    t=time.time()
    page=app.opened("defences")
    print("open",time.time()-t)
    for e in page.exception: print(e.message, e.stack_trace)
    print([ (e.value) for e in (*page.error,*page.warning)])
    print(app.shown(page))
    store=services.store
    print(len(store.runs()), [ (r.title,r.owner) for r in store.runs()])
    app.carry_out(store)
    page=page.run()
    for e in page.exception: print(e.message, e.stack_trace)
    print(app.shown(page))
    print(page.query_params)
