"""Names in several scripts. First and last names are drawn apart, so a whole name belongs to nobody in particular."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Culture:
    """Where a name comes from. `latin` turns each word into Latin letters where they are others."""

    language: str
    families: tuple[str, ...]
    women: tuple[str, ...]
    men: tuple[str, ...]
    latin: tuple[tuple[str, str], ...] = ()

    def in_latin(self, word: str) -> str:
        return dict(self.latin).get(word, "")


CULTURES = (
    Culture(
        "en",
        ("Marwick", "Hollenby", "Tarrant", "Quillfeather", "Ashdown", "O'Brannan", "Penhallow", "Thornbury"),
        ("Imogen", "Beatrix", "Harriet", "Cordelia", "Maeve", "Rosalind"),
        ("Alistair", "Gareth", "Rupert", "Declan", "Hugo", "Tobias"),
    ),
    Culture(
        "de",
        ("Grünwaldt", "Eschbach", "Köhlmann", "Steinhäuser", "Vossfeld", "Rübsam", "Lindhorst", "Weißgerber"),
        ("Liesel", "Käthe", "Annegret", "Frauke", "Jördis", "Wiebke"),
        ("Jörg", "Detlef", "Hinnerk", "Matthäus", "Eckhard", "Sönke"),
    ),
    Culture(
        "es",
        ("Montoro Vidal", "Echevarría", "Núñez Pardo", "Castellví", "Olmedo", "Ibáñez Roca", "Peñalver", "Zúñiga"),
        ("Inés", "Begoña", "Marisol", "Ximena", "Lucía", "Rocío"),
        ("Íñigo", "Joaquín", "Ramiro", "Leandro", "Óscar", "Fermín"),
    ),
    Culture(
        "tw",
        ("Asamoah-Dankwa", "Owusuaa", "Boadi", "Antwiwaa", "Kyeremeh", "Nsiah", "Tweneboa", "Adomako"),
        ("Abena", "Akosua", "Esi", "Yaa", "Adwoa", "Efua"),
        ("Kwabena", "Yaw", "Kojo", "Fiifi", "Kwaku", "Ekow"),
    ),
    Culture(
        "pl",
        ("Źrebiec", "Wąsowicz", "Łopuszny", "Ćwierzewska", "Jastrzębiak", "Śliwnik", "Okrągły", "Gżegżółka"),
        ("Małgorzata", "Żaneta", "Bożena", "Łucja", "Grażyna", "Jagoda"),
        ("Wojciech", "Zdzisław", "Łukasz", "Bogusław", "Światopełk", "Mścisław"),
    ),
    Culture(
        "ru",
        ("Долгих", "Седых", "Белых", "Рыжих", "Тонких", "Русых"),
        ("Варвара", "Злата", "Есения", "Таисия", "Ульяна", "Любава"),
        ("Тихон", "Савелий", "Лука", "Фома", "Назар", "Никита"),
        (
            *(("Долгих", "Dolgikh"), ("Седых", "Sedykh"), ("Белых", "Belykh"), ("Рыжих", "Ryzhikh")),
            *(("Тонких", "Tonkikh"), ("Русых", "Rusykh"), ("Варвара", "Varvara"), ("Злата", "Zlata")),
            *(("Есения", "Yeseniya"), ("Таисия", "Taisiya"), ("Ульяна", "Ulyana"), ("Любава", "Lyubava")),
            *(("Тихон", "Tikhon"), ("Савелий", "Saveliy"), ("Лука", "Luka"), ("Фома", "Foma")),
            *(("Назар", "Nazar"), ("Никита", "Nikita")),
        ),
    ),
    Culture(
        "ar",
        ("البستاني", "النجار", "الحلواني", "الورداني", "القمري", "الزيتوني"),
        ("ياسمين", "ريحانة", "لمى", "نسرين", "جمانة", "سلوى"),
        ("مازن", "فارس", "نزار", "رامي", "زاهر", "هيثم"),
        (
            *(("البستاني", "Al-Bustani"), ("النجار", "Al-Najjar"), ("الحلواني", "Al-Halwani")),
            *(("الورداني", "Al-Wardani"), ("القمري", "Al-Qamari"), ("الزيتوني", "Al-Zaytuni")),
            *(("ياسمين", "Yasmin"), ("ريحانة", "Rayhana"), ("لمى", "Lama"), ("نسرين", "Nasrin")),
            *(("جمانة", "Jumana"), ("سلوى", "Salwa"), ("مازن", "Mazin"), ("فارس", "Faris")),
            *(("نزار", "Nizar"), ("رامي", "Rami"), ("زاهر", "Zahir"), ("هيثم", "Haytham")),
        ),
    ),
    Culture(
        "zh",
        ("林", "溫", "柳", "江", "葉", "龔"),
        ("雨桐", "思穎", "曉梅", "靜怡", "若蘭", "采薇"),
        ("志遠", "家豪", "文博", "子軒", "明哲", "浩然"),
        (
            *(("林", "Lin"), ("溫", "Wen"), ("柳", "Liu"), ("江", "Jiang"), ("葉", "Ye"), ("龔", "Gong")),
            *(("雨桐", "Yutong"), ("思穎", "Siying"), ("曉梅", "Xiaomei"), ("靜怡", "Jingyi"), ("若蘭", "Ruolan")),
            *(("采薇", "Caiwei"), ("志遠", "Zhiyuan"), ("家豪", "Jiahao"), ("文博", "Wenbo"), ("子軒", "Zixuan")),
            *(("明哲", "Mingzhe"), ("浩然", "Haoran")),
        ),
    ),
    Culture(
        "hi",
        ("चांदनीवाला", "मेघवंशी", "वनमाली", "सागरकर", "फूलवानी", "दीपंकर"),
        ("अनन्या", "मीनाक्षी", "रुक्मिणी", "तारा", "वैदेही", "सुहानी"),
        ("अर्जुन", "देवेंद्र", "ईशान", "माधव", "रोहन", "विवेक"),
        (
            *(("चांदनीवाला", "Chandniwala"), ("मेघवंशी", "Meghvanshi"), ("वनमाली", "Vanmali")),
            *(("सागरकर", "Sagarkar"), ("फूलवानी", "Phulwani"), ("दीपंकर", "Dipankar")),
            *(("अनन्या", "Ananya"), ("मीनाक्षी", "Minakshi"), ("रुक्मिणी", "Rukmini"), ("तारा", "Tara")),
            *(("वैदेही", "Vaidehi"), ("सुहानी", "Suhani"), ("अर्जुन", "Arjun"), ("देवेंद्र", "Devendra")),
            *(("ईशान", "Ishan"), ("माधव", "Madhav"), ("रोहन", "Rohan"), ("विवेक", "Vivek")),
        ),
    ),
)

STREETS = ("Mill Lane", "Orchard Road", "Harbour Street", "Lime Avenue", "Quarry Hill", "Old Market", "Heron Close")
TOWNS = (("Brackenford", "10101"), ("Saltmere", "10117"), ("Upper Elding", "10204"), ("Port Arden", "10333"))
