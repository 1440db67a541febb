// 版本: one click takes the cells of an old version through the publish dialog as a new one.
import { Delivery, publish } from './grid-publish.js';
import { t } from './grid-words.js';

const root = document.getElementById('versions');
const live = document.getElementById('versions-live');
if (sessionStorage.getItem('yl-delivery') === root.dataset.school) {
  sessionStorage.removeItem('yl-delivery');
  new Delivery(document.getElementById('grid-delivery'), Number(root.dataset.school)).start();
}

root.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-act="rollback"]');
  if (!button) return;
  try {
    const done = await publish(root.dataset.csrf, { school: Number(root.dataset.school), base_no: Number(root.dataset.newest), version: Number(button.dataset.no) });
    if (!done) return;
    if (done.unchanged) {
      live.textContent = t('与现在的课表相同，没有改变。', 'The same as the present timetable: nothing changed.');
      return;
    }
    sessionStorage.setItem('yl-delivery', root.dataset.school);
    location.assign(`/admin/timetable/versions?school=${root.dataset.school}&done=rolled&n=${done.no}`);
  } catch (error) {
    live.textContent = error.message;
  }
});
