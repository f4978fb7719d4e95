"""The words of the studio's window, page by page: English and Romanian."""

from __future__ import annotations

# Key -> (English, Romanian).
WINDOW = {
    "ready": ("Ready", "Gata"),
    "page_start": ("Start", "Început"),
    "page_start_tip": ("Open a picture", "Deschide o imagine"),
    "page_select": ("Select", "Selectare"),
    "page_select_tip": ("Choose what is redrawn", "Alege ce se redesenează"),
    "page_generate": ("Generate", "Generare"),
    "page_generate_tip": ("Choose among the drawings", "Alege dintre desene"),
    "page_save": ("Save", "Salvare"),
    "page_save_tip": ("Keep the result", "Păstrează rezultatul"),
    "page_live": ("Live", "Live"),
    "page_live_tip": ("The camera's picture, filtered as it comes", "Imaginea camerei, filtrată pe loc"),
    "no_picture_yet": ("Open a picture first.", "Deschide mai întâi o imagine."),
    "opening": ("Opening {name}: looking for people …", "Se deschide {name}: se caută persoane …"),
    "opened": ("{name}: people found: {count}", "{name}: persoane găsite: {count}"),
    "failed": ("That did not work.", "Nu a reușit."),
    "cannot": ("That cannot be done", "Nu se poate"),
    "our_fault": ("This is our fault", "Este vina noastră"),
    "our_fault_text": (
        "Something in the studio went wrong, and it goes on. Please report this: {error}",
        "Ceva nu a mers bine în studio, dar poți continua. Te rugăm să raportezi: {error}",
    ),
    "ok": ("OK", "OK"),
    "cancel": ("Cancel", "Renunță"),
    "discard": ("Discard", "Aruncă"),
    "restore": ("Restore", "Recuperează"),
    "stop": ("Stop", "Oprește"),
    "stopped": ("Stopped.", "Oprit."),
    "unsaved": ("Not saved yet", "Încă nesalvat"),
    "unsaved_text": (
        "The work on {name} is not saved and would be lost.",
        "Modificările la {name} nu sunt salvate și s-ar pierde.",
    ),
    "go_save": ("To the save page", "La pagina de salvare"),
    "autosave": ("Work from last time", "Lucru de data trecută"),
    "autosave_text": (
        "The studio ended unexpectedly while you worked on this picture. Take up your selection again?",
        "Studioul s-a închis neașteptat în timp ce lucrai la această imagine. Recuperezi selecția?",
    ),
    "menu_file": ("File", "Fișier"),
    "menu_edit": ("Edit", "Editare"),
    "menu_view": ("View", "Vizualizare"),
    "menu_go": ("Go", "Pagini"),
    "menu_help": ("Help", "Ajutor"),
    "quit": ("Quit", "Ieșire"),
    "undo": ("Undo", "Anulează"),
    "undo_tip": ("Take back the last stroke", "Anulează ultima tușă"),
    "redo": ("Redo", "Refă"),
    "redo_tip": ("Do it again after all", "Refă tușa anulată"),
    "reset": ("Reset", "Resetează"),
    "reset_tip": ("Remove all strokes of the brush", "Șterge toate tușele pensulei"),
    "zoom_in": ("Zoom in", "Mărește"),
    "zoom_out": ("Zoom out", "Micșorează"),
    "zoom_fit": ("Whole picture", "Toată imaginea"),
    "theme": ("Theme", "Temă"),
    "theme_dark": ("Dark", "Întunecată"),
    "theme_light": ("Light", "Luminoasă"),
    "language": ("Language", "Limbă"),
    "keys": ("Keys", "Taste"),
    "keys_text": (
        "Ctrl+1 to Ctrl+5: the pages\n"
        "Tab: from control to control; Enter presses it, arrows move sliders; F10: the menu\n"
        "B (hold): the picture as it was\n"
        "Ctrl+Plus, Ctrl+Minus, Ctrl+0, Ctrl+wheel: zoom\n"
        "Shift+arrows, Shift+drag, middle button: move the picture\n\n"
        "In the selection: arrows move the brush, A or Enter adds, E or Delete erases, "
        "[ and ] or the wheel change its size, H makes it hard or soft, S snaps it to edges.\n\n"
        "In the gallery: arrows and Enter. Over the large picture: arrows move the line.",
        "Ctrl+1 până la Ctrl+5: paginile\n"
        "Tab: de la un control la altul; Enter îl apasă, săgețile mută glisoarele; F10: meniul\n"
        "B (ținut apăsat): imaginea dinainte\n"
        "Ctrl+Plus, Ctrl+Minus, Ctrl+0, Ctrl+rotiță: mărire\n"
        "Shift+săgeți, Shift+tragere, butonul din mijloc: mută imaginea\n\n"
        "La selectare: săgețile mută pensula, A sau Enter adaugă, E sau Delete șterge, "
        "[ și ] sau rotița îi schimbă mărimea, H o face dură sau moale, S o lipește de margini.\n\n"
        "În galerie: săgețile și Enter. Peste imaginea mare: săgețile mută linia.",
    ),
}
START = {
    "start_title": ("Turn people into anime characters", "Transformă oamenii în personaje anime"),
    "start_text": (
        "Only the people are redrawn; everything else in the picture stays as it is.",
        "Se redesenează doar persoanele; restul imaginii rămâne neschimbat.",
    ),
    "intro_open": ("Open a picture", "Deschide o imagine"),
    "intro_open_text": ("A photo, or one from the webcam.", "O fotografie sau una de la cameră."),
    "intro_select": ("Choose what changes", "Alege ce se schimbă"),
    "intro_select_text": (
        "Face and hair are found for you; a brush corrects them.",
        "Fața și părul sunt găsite automat; o pensulă le corectează.",
    ),
    "intro_generate": ("Take your favourite", "Ia desenul preferat"),
    "intro_generate_text": (
        "Compare styles and colours, then save.",
        "Compară stiluri și culori, apoi salvează.",
    ),
    "open_file": ("Open a picture…", "Deschide o imagine…"),
    "open_file_tip": ("A picture or a project (Ctrl+O)", "O imagine sau un proiect (Ctrl+O)"),
    "webcam": ("Take a picture with the webcam", "Fotografiază cu camera web"),
    "webcam_tip": ("The picture is taken after a second", "Fotografia se face după o secundă"),
    "webcam_wait": ("Look at the camera …", "Privește spre cameră …"),
    "webcam_name": ("Webcam", "Camera web"),
    "sample": ("Try the sample picture", "Încearcă imaginea de probă"),
    "sample_tip": ("NASA's portrait of Eileen Collins", "Portretul lui Eileen Collins, de la NASA"),
    "sample_name": ("Sample", "Probă"),
    "drop_here": ("… or drop a picture on this window", "… sau trage o imagine peste fereastră"),
    "recent": ("Opened recently", "Deschise recent"),
    "recent_none": ("Nothing yet", "Nimic încă"),
    "open_title": ("Open a picture or project", "Deschide o imagine sau un proiect"),
    "pictures_projects": ("Pictures and projects", "Imagini și proiecte"),
    "all_files": ("All files", "Toate fișierele"),
}
SELECT = {
    "people": ("People", "Persoane"),
    "person": ("person {number}", "persoana {number}"),
    "person_tip": ("Redraw person {number}", "Redesenează persoana {number}"),
    "regions": ("What is redrawn", "Ce se redesenează"),
    "labels_more": ("Single parts", "Părți separate"),
    "labels_tip": ("Choose nose, eyes, glasses … one by one", "Alege nasul, ochii, ochelarii … pe rând"),
    "region_face": ("Face", "Față"),
    "region_hair": ("Hair", "Păr"),
    "region_hat": ("Hat", "Pălărie"),
    "region_neck": ("Neck", "Gât"),
    "region_jewellery": ("Jewellery", "Bijuterii"),
    "region_clothes": ("Clothes", "Haine"),
    "label_skin": ("Skin", "Piele"),
    "label_nose": ("Nose", "Nas"),
    "label_glasses": ("Glasses", "Ochelari"),
    "label_eyes": ("Eyes", "Ochi"),
    "label_brows": ("Brows", "Sprâncene"),
    "label_ears": ("Ears", "Urechi"),
    "label_mouth": ("Mouth", "Gură"),
    "label_upper_lip": ("Upper lip", "Buza de sus"),
    "label_lower_lip": ("Lower lip", "Buza de jos"),
    "label_earring": ("Earrings", "Cercei"),
    "label_necklace": ("Necklace", "Colier"),
    "label_cloth": ("Clothes", "Haine"),
    "brush": ("Brush", "Pensulă"),
    "brush_hint": (
        "The left button adds to the selection, the right one erases.",
        "Butonul stâng adaugă la selecție, cel drept șterge.",
    ),
    "brush_size": ("Size", "Mărime"),
    "brush_size_tip": (
        "In proportion to the picture; the wheel changes it too",
        "În raport cu imaginea; se schimbă și cu rotița",
    ),
    "brush_soft": ("Soft edge", "Margine moale"),
    "brush_soft_tip": ("The stroke fades towards its edge (H)", "Tușa se estompează spre margine (H)"),
    "brush_snap": ("Snap to edges", "Lipește de margini"),
    "brush_snap_tip": (
        "Only what has the colour under the brush's middle, up to the next edge (S)",
        "Doar ce are culoarea de sub mijlocul pensulei, până la margine (S)",
    ),
    "select_keys": (
        "Hold B to see the picture as it was. Ctrl+wheel zooms, Shift+drag moves.",
        "Ține B apăsat pentru imaginea dinainte. Ctrl+rotiță mărește, Shift+tragere mută.",
    ),
    "place": ("{x}, {y}  ·  brush {size} px", "{x}, {y}  ·  pensulă {size} px"),
    "to_generate": ("Generate", "Generează"),
}
GENERATE = {
    "variant": ("{style}, {color}", "{style}, {color}"),
    "style_anime": ("Anime", "Anime"),
    "color_original": ("Original", "Original"),
    "color_warm": ("Warm", "Cald"),
    "color_cool": ("Cool", "Rece"),
    "color_vivid": ("Vivid", "Viu"),
    "color_soft": ("Soft", "Blând"),
    "mixing": ("Mixing", "Amestec"),
    "strength": ("Strength", "Intensitate"),
    "strength_tip": (
        "How much of the drawing is seen; 0 % is the photo",
        "Cât se vede din desen; 0 % este fotografia",
    ),
    "feather": ("Edge softness", "Moliciunea marginii"),
    "feather_tip": (
        "How softly the drawing passes into the photo",
        "Cât de lin trece desenul în fotografie",
    ),
    "color_match": ("Colours of the photo", "Culorile fotografiei"),
    "color_match_tip": (
        "How far skin, hair and light follow the photo",
        "Cât urmează pielea, părul și lumina fotografia",
    ),
    "eyes": ("Size of the eyes", "Mărimea ochilor"),
    "eyes_tip": (
        "0 %: as they are; 100 %: as large as the style draws them",
        "0 %: cum sunt; 100 %: cât îi desenează stilul",
    ),
    "generate_hint": (
        "Drag the line over the picture to compare.",
        "Trage linia peste imagine pentru a compara.",
    ),
    "to_save": ("Save …", "Salvează …"),
}
SAVE = {
    "save_what": ("What is saved", "Ce se salvează"),
    "save_whole": ("The whole picture", "Toată imaginea"),
    "save_whole_tip": (
        "At its original resolution; EXIF and colour profile are kept",
        "La rezoluția originală; EXIF și profilul de culoare se păstrează",
    ),
    "save_cutout": ("The cut-out, rest transparent", "Decupajul, restul transparent"),
    "save_cutout_tip": ("Only what was redrawn", "Doar ce a fost redesenat"),
    "format": ("Format", "Format"),
    "format_png_tip": ("Without loss, larger files", "Fără pierderi, fișiere mai mari"),
    "format_jpeg_tip": ("Small files, for photos", "Fișiere mici, pentru fotografii"),
    "format_webp_tip": ("Smaller still, with transparency", "Și mai mici, cu transparență"),
    "format_tiff_tip": ("Without loss, for printing", "Fără pierderi, pentru tipar"),
    "quality": ("Quality", "Calitate"),
    "quality_tip": ("For JPEG and WebP", "Pentru JPEG și WebP"),
    "save_hint": (
        "Pixels outside the selection are those of the photo.",
        "Pixelii din afara selecției sunt cei ai fotografiei.",
    ),
    "save_picture": ("Save the picture…", "Salvează imaginea…"),
    "save_picture_tip": ("Asks for a name first", "Întreabă mai întâi numele"),
    "copy": ("Copy to the clipboard", "Copiază în clipboard"),
    "copy_tip": ("To paste it into another program", "Pentru a o lipi în alt program"),
    "copied": ("The picture is in the clipboard.", "Imaginea este în clipboard."),
    "save_project": ("Save as a project…", "Salvează ca proiect…"),
    "save_project_tip": (
        "Picture, selection and choices, to go on another time",
        "Imaginea, selecția și alegerile, pentru altă dată",
    ),
    "project": ("AniMirror project", "Proiect AniMirror"),
    "save_title": ("Save as", "Salvează ca"),
    "drawing": ("Drawing at full size …", "Se desenează la mărimea originală …"),
    "drawn": ("Ready to save: {width} x {height} pixels", "Gata de salvat: {width} x {height} pixeli"),
    "saved": ("Saved: {path}", "Salvat: {path}"),
    "batch": ("A whole folder", "Un dosar întreg"),
    "batch_hint": (
        "The same regions, style and sliders for every picture of a folder; brush strokes are left out.",
        "Aceleași regiuni, stil și glisoare pentru fiecare imagine dintr-un dosar; fără tușele pensulei.",
    ),
    "batch_start": ("Choose folders…", "Alege dosarele…"),
    "batch_tip": (
        "First the folder with pictures, then one for the results",
        "Întâi dosarul cu imagini, apoi cel pentru rezultate",
    ),
    "batch_from": ("Folder with pictures", "Dosarul cu imagini"),
    "batch_to": ("Folder for the results", "Dosarul pentru rezultate"),
    "batch_now": ("{done} of {total}: {name}", "{done} din {total}: {name}"),
    "batch_done": ("Pictures drawn: {done} of {total}.", "Imagini desenate: {done} din {total}."),
    "batch_more": ("… and {count} more problems.", "… și încă {count} probleme."),
}
LIVE = {
    "source": ("Source", "Sursă"),
    "source_demo": ("Moving sample portrait", "Portret de probă în mișcare"),
    "source_file": ("A video or picture…", "Un video sau o imagine…"),
    "no_camera": (
        "No camera was found. Connect one and come back, or start with the moving sample portrait.",
        "Nu s-a găsit nicio cameră. Conectează una și revino aici sau pornește cu portretul de probă.",
    ),
    "camera_waits": ("Press Start to see yourself redrawn.", "Apasă Pornește ca să te vezi redesenat."),
    "style": ("Style", "Stil"),
    "mirror": ("Mirror", "Oglindește"),
    "mirror_tip": ("As in a mirror", "Ca într-o oglindă"),
    "virtual_camera": ("Virtual camera", "Cameră virtuală"),
    "virtual_camera_tip": (
        "Other programs see this picture as a webcam",
        "Alte programe văd imaginea ca o cameră",
    ),
    "virtual_hint": (
        "With the virtual camera on, choose it as the webcam in your video call.",
        "Cu camera virtuală pornită, alege-o drept cameră în apelul video.",
    ),
    "start_live": ("Start", "Pornește"),
    "start_live_tip": ("Begin or end", "Începe sau oprește"),
    "stop_live": ("Stop", "Oprește"),
    "starting_live": ("Starting …", "Se pornește …"),
    "take_picture": ("Take this picture to the studio", "Du imaginea în studio"),
    "take_picture_tip": ("Work on this moment as a photo", "Lucrează la acest moment ca fotografie"),
    "live_now": (
        "{fps} pictures a second, {width} x {height}",
        "{fps} imagini pe secundă, {width} x {height}",
    ),
}
PAGES_TEXTS: dict[str, tuple[str, str]] = {**WINDOW, **START, **SELECT, **GENERATE, **SAVE, **LIVE}
